"""The README's way from a running system to a mail at one's own endpoint, followed to the letter but for the port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from postbox.config.up.embedded import free_port
from tests.docs.answers import promised
from tests.docs.likeness import differences
from tests.docs.markdown import Block, blocks
from tests.docs.shell import Reader
from tests.e2e.system import REPOSITORY, System, eventually, running

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(180),
]
README = REPOSITORY / "README.md"


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with running() as started:
        yield started


def test_a_newcomer_sees_a_mail_arrive(system: System, tmp_path: Path) -> None:
    port = str(free_port())
    written = [replace(block, text=block.text.replace("9000", port)) for block in blocks(README)]
    up, register, receive, send, allocate, let_in = (block for block in written if block.language == "sh")
    (shown,) = (block.text for block in written if block.language == "text")
    first, second, third = (answer for _, answer in promised(README))
    (tmp_path / ".postbox").symlink_to(system.home.path)
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples")
    assert "POSTBOX_WEBHOOK_ALLOW_LOOPBACK=1 make up" in up.text

    reader = Reader(tmp_path)
    ran = reader.type(register)
    assert first.unlike(ran) == []
    secret = re.findall(r'"secret": ?"(whsec_[^"]+)"', ran.output)[0]
    with (tmp_path / "printed").open("w") as printed, receiving(receive, secret, tmp_path, printed.fileno()):
        assert eventually(lambda: "Waiting" in (tmp_path / "printed").read_text(), 30)
        assert second.unlike(Reader(tmp_path).type(send)) == []
        assert eventually(lambda: (tmp_path / "printed").read_text().count("\n") >= shown.count("\n"), 30)
    assert differences(shown, (tmp_path / "printed").read_text()) == []
    assert third.unlike(reader.type(allocate)) == []
    assert '"auth":"monitor"' in reader.type(let_in).output.replace(" ", "")


class receiving:
    """The receiver in a terminal of its own, ended as by Ctrl-C."""

    def __init__(self, block: Block, secret: str, folder: Path, output: int) -> None:
        assert "whsec_…" in block.text
        self._process = subprocess.Popen(
            ["bash", "-c", "exec env " + block.text.replace("whsec_…", secret)],
            cwd=folder,
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            stdout=output,
            stderr=output,
        )

    def __enter__(self) -> None:
        """It runs."""

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=30)
