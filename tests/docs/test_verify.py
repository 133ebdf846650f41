"""The examples that verify a webhook, in each language, as docs/verify-webhooks.md shows them."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from postbox.lib import signing
from tests.docs.markdown import DOCS, blocks
from tests.e2e.system import REPOSITORY

EXAMPLES = REPOSITORY / "examples"
DRIVERS = Path(__file__).parent / "drivers"
SHOWN = {
    "python": ["verify.py", "verify_with_library.py"],
    "js": ["verify.mjs"],
    "go": ["verify.go"],
}
# The Standard Webhooks project's own, whose signature is known beforehand.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = 1614265330
BODY = b'{"test": 2432232314}'
VECTOR = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(AT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
OTHER = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


class Case(NamedTuple):
    """A post, and whether it is genuine at ``now``."""

    name: str
    genuine: bool
    headers: dict[str, str] = VECTOR
    body: bytes = BODY
    now: int = AT
    secret: str = SECRET


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in VECTOR.items() if key != name}


def signature(text: str) -> dict[str, str]:
    return VECTOR | {"webhook-signature": text}


CASES = [
    Case("the vector", True),
    Case("a secret without its prefix", True, secret=SECRET.removeprefix("whsec_")),
    Case("at the end of the tolerance", True, now=AT + 300),
    Case("at its beginning", True, now=AT - 300),
    Case("a second signature that is ours", True, signature(f"{OTHER} {VECTOR['webhook-signature']}")),
    Case("a first one that is ours", True, signature(f"{VECTOR['webhook-signature']} v1a,AAAA")),
    Case("late", False, now=AT + 301),
    Case("from the future", False, now=AT - 301),
    Case("another body", False, body=BODY.replace(b"4}", b"5}")),
    Case("the same body written anew", False, body=BODY.replace(b" ", b"")),
    Case("another id", False, VECTOR | {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJeK"}),
    Case("another time", False, VECTOR | {"webhook-timestamp": str(AT + 1)}),
    Case("another secret", False, secret="whsec_" + base64.b64encode(b"k" * 24).decode()),
    Case("an empty secret and what it signs", False, signing.headers([b""], "msg_1", AT, BODY), secret="whsec_"),
    Case("another signature", False, signature(OTHER)),
    Case("the beginning of ours", False, signature(VECTOR["webhook-signature"][:-1])),
    Case("more than ours", False, signature(VECTOR["webhook-signature"] + "A")),
    Case("ours without its version", False, signature(VECTOR["webhook-signature"][3:])),
    Case("letters beyond ASCII", False, signature("v1,\u00e9")),
    Case("no signature", False, without("webhook-signature")),
    Case("an empty signature", False, signature("")),
    Case("no id", False, without("webhook-id")),
    Case("no time", False, without("webhook-timestamp")),
    Case("a time that is no number", False, VECTOR | {"webhook-timestamp": "now"}),
    Case("a time with a sign", False, VECTOR | {"webhook-timestamp": f"+{AT}"}),
    Case("an endless time", False, VECTOR | {"webhook-timestamp": "9" * 400}),
]

Verifies = Callable[[Case], bool]


def program(name: str) -> str:
    """Its path. Without it the test is skipped, in CI it fails."""
    found = shutil.which(name)
    if found is None:
        assert not os.environ.get("CI"), f"{name} is not installed"
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="module")
def python() -> Iterator[Verifies]:
    sys.path.insert(0, str(EXAMPLES))
    import verify  # type: ignore[import-not-found]

    def verifies(case: Case) -> bool:
        try:
            event = verify.verify(case.secret, case.headers, case.body, case.now)
        except (verify.InvalidWebhook, ValueError):
            return False
        return bool(event == json.loads(BODY))

    yield verifies
    sys.path.remove(str(EXAMPLES))


def answers(command: list[str]) -> dict[str, Any]:
    """What a driver says of every case, by its name: true, or why not."""
    rows = [case._asdict() | {"body": base64.b64encode(case.body).decode()} for case in CASES]
    done = subprocess.run(
        command, input=json.dumps(rows).encode(), capture_output=True, timeout=100, cwd=EXAMPLES, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def javascript() -> Verifies:
    said = answers([program("node"), str(DRIVERS / "drive.mjs"), str(EXAMPLES / "verify.mjs")])
    return lambda case: said[case.name] is True


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Verifies:
    folder = tmp_path_factory.mktemp("go")  # Go wants the files of a program in one folder
    for source in (EXAMPLES / "verify.go", DRIVERS / "drive.go"):
        shutil.copy(source, folder)
    # Go's own cache where there is one: to compile the parts of its library that are used takes 14 s of CPU.
    cache = {} if os.environ.get("HOME") else {"GOCACHE": str(folder / "cache")}
    environment = os.environ | cache | {"GO111MODULE": "off", "CGO_ENABLED": "0"}
    for command in (["vet"], ["build", "-o", "drive"]):
        done = subprocess.run(
            [program("go"), *command, "verify.go", "drive.go"],
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr.decode()
    said = answers([str(folder / "drive")])
    return lambda case: said[case.name] is True


@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", ["python", "javascript", "go"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_only_what_is_genuine_passes(case: Case, language: str, request: pytest.FixtureRequest) -> None:
    verifies: Verifies = request.getfixturevalue(language)
    assert verifies(case) is case.genuine


@pytest.mark.parametrize("change", [b"", b" "])
def test_the_library_verifies_what_we_sign_and_nothing_else(change: bytes, python: Verifies) -> None:
    import verify_with_library as example  # type: ignore[import-not-found]
    from standardwebhooks import WebhookVerificationError

    headers = signing.headers([signing.secret_octets(SECRET)], "evt_1", int(time.time()), BODY)
    if change:
        with pytest.raises(WebhookVerificationError):
            example.verify(SECRET, headers, BODY + change)
    else:
        assert example.verify(SECRET, headers, BODY) == json.loads(BODY)


@pytest.mark.parametrize("language", SHOWN)
def test_the_document_shows_the_files(language: str) -> None:
    shown = [block.text for block in blocks(DOCS / "verify-webhooks.md") if block.language == language]
    assert shown == [(EXAMPLES / name).read_text() for name in SHOWN[language]]
