"""Parsing measured on real mail: it all parses, plain addresses read as flanker's, expected parses agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flanker.addresslib import address as flanker_address

from postbox.ingest.addresses import _plain
from postbox.ingest.limits import ADDRESS_FIELDS
from postbox.ingest.mime import parse
from postbox.mail.parsed import ParsedMail
from tests.ingest.corpora import CORPORA, mails


@pytest.mark.parametrize("folder", ["ham/easy_ham_2", "ham/hard_ham", "modern", "mime/mikel", "bounces"])
def test_real_mail_parses(folder: str) -> None:
    fallen_back = 0
    found = mails(folder)
    for path in found:
        mail = parse(path.read_bytes())
        fallen_back += mail.parser == "email"
        assert mail.text or mail.html or mail.attachments or folder.startswith(("mime", "bounces")), path.name
    assert fallen_back <= 0.05 * len(found)


def test_plain_addresses_read_as_flanker_reads_them() -> None:
    values = {
        value
        for path in mails("ham/easy_ham_2")[::4] + mails("modern")
        for name, value in parse(path.read_bytes()).headers
        if name.lower() in ADDRESS_FIELDS
    }
    plain = [(value, box) for value in values if (box := _plain(value))]
    assert len(plain) > 100
    for value, box in plain:
        (theirs,) = flanker_address.parse_list(value)
        assert (box.address, box.name) == (theirs.address, theirs.display_name)


# Agreement measured against the expected parses, over LF and CRLF line ends (rfc: 20, malformed: 46 parses). What is
# left of `malformed` is choice: a multipart without parts is read as text where they attach it, sibling text parts
# are read as text where they attach them, and of two Content-Type fields the first counts.
FLOORS = {
    "rfc": {"subject": 20, "from": 20, "text": 20, "html": 20, "attachments": 20},
    "malformed": {"subject": 46, "from": 46, "text": 28, "html": 40, "attachments": 24},
}


@pytest.mark.parametrize("folder", FLOORS)
def test_agreement_with_expected_parses(folder: str) -> None:
    if not CORPORA.exists():
        pytest.skip("no corpora at ../shared/corpora")
    agreed = dict.fromkeys(FLOORS[folder], 0)
    for path in sorted((CORPORA / "mime" / folder).glob("*.json")):
        crlf = path.name.endswith(".crlf.json")
        raw = path.with_name(path.name.split(".")[0] + ".eml").read_bytes().replace(b"\r\n", b"\n")
        expected = Expected(json.loads(path.read_text(encoding="utf-8")))
        mail = parse(raw.replace(b"\n", b"\r\n") if crlf else raw)
        for key, agrees in expected.compare(mail).items():
            agreed[key] += agrees
    assert all(agreed[key] >= floor for key, floor in FLOORS[folder].items()), agreed


class Expected:
    """An expected parse of the corpora's JSON."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.parts = data["parts"]
        self.fields = [(field["name"], field["value"]) for field in self.parts[0]["headers"]]

    def compare(self, mail: ParsedMail) -> dict[str, bool]:
        texts, markups = self.bodies("text_body", "Text"), self.bodies("html_body", "Html")
        return {
            "subject": mail.subject == self.subject(),
            "from": [(box.address, box.name) for box in mail.from_] == self.authors(),
            "text": all(text in mail.text for text in texts) and bool(mail.text.strip()) == bool(texts),
            "html": all(markup in mail.html for markup in markups) and bool(mail.html) == bool(markups),
            "attachments": len(mail.attachments) == len(self.data["attachments"]),
        }

    def subject(self) -> str:
        values = [value["Text"] for name, value in self.fields if name == "subject" and value != "Empty"]
        return values[0] if values else ""

    def authors(self) -> list[tuple[str, str]]:
        values = [value["Address"] for name, value in self.fields if name == "from" and value != "Empty"]
        groups = [group for value in values for group in value.get("Group", [{"addresses": value.get("List", [])}])]
        boxes = [box for group in groups for box in group["addresses"] if box["address"]]
        return [(box["address"], box["name"] or "") for box in boxes]

    def bodies(self, key: str, kind: str) -> list[str]:
        found = (self.parts[index]["body"].get(kind, "") for index in self.data[key])
        return [text.replace("\r\n", "\n").strip() for text in found if text.strip()]
