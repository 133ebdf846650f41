"""Other programs' test vectors: mails, keys and results of the ARC test suite and of dkimpy's own tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from postbox.lib import clock
from postbox.screening.auth.arc import check_arc
from postbox.screening.auth.dkim import check_dkim
from postbox.screening.auth.signed import split
from tests.screening.auth.signing import resolver

FOLDER = Path(__file__).parent / "vectors"
ARC = yaml.load((FOLDER / "arc.yml").read_text("utf-8"), yaml.CSafeLoader)
NAMED = {vector["name"]: vector for vector in ARC["vectors"]}
ARC_ZONE = resolver({(name, "TXT"): [record] for name, record in ARC["keys"].items()})
DKIM = yaml.load((FOLDER / "dkim.yml").read_text("utf-8"), yaml.CSafeLoader)


def field_of(given: dict[str, str], mail: dict[str, Any]) -> str:
    if "raw" in given:
        return given["raw"]
    if "results" in given:
        said = given["results"]
        return f"ARC-Authentication-Results: {ARC['usual']['results'] if said == 'usual' else said}"
    kind = "seal" if "seal" in given else "signature"
    signature = ARC[f"{kind}s"].get(given[kind], given[kind])
    digest = "" if kind == "seal" else f"bh={given.get('hash', mail['hash'])}; "
    name = "ARC-Seal" if kind == "seal" else "ARC-Message-Signature"
    tags = given.get("tags", ARC["usual"][kind])
    return f"{name}: a={given.get('algorithm', 'rsa-sha256')}; b={signature}; {digest}{tags}"


def mail_of(vector: dict[str, Any]) -> bytes:
    whole = {**NAMED[vector["like"]], **vector} if "like" in vector else vector
    mail = ARC["mails"][whole["mail"]]
    text = "\r\n".join([*(field_of(one, mail) for one in whole["fields"]), *mail["head"], "", *mail["body"], ""])
    for before, after in vector.get("replace", {}).items():
        assert before in text
        text = text.replace(before, after, 1)
    return text.encode()


@pytest.mark.parametrize("vector", [pytest.param(one, id=one["name"]) for one in ARC["vectors"]])
def test_arc(vector: dict[str, Any]) -> None:
    found = check_arc(split(mail_of(vector)), ARC_ZONE)
    assert found.result == vector["result"], found.why


@pytest.mark.parametrize("vector", [pytest.param(one, id=one["name"]) for one in DKIM["vectors"]])
def test_dkim(vector: dict[str, Any]) -> None:
    raw = ("\n" if vector.get("bare_lf") else "\r\n").join(vector["lines"]).encode("latin-1")
    ask = resolver({(name, "TXT"): [DKIM["keys"][key]] for name, key in vector["zone"].items()})
    mail, now = split(raw), clock.now().timestamp()
    found = [check_arc(mail, ask)] if vector.get("arc") else check_dkim(mail, "", ask, now)
    assert [one.result for one in found] == vector["results"], [one.why for one in found]
