"""A mail that came parsed, put back into MIME: whatever its strings hold, one mail, the same each time."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postbox.ingest import compose, work
from tests.callers import call
from tests.people import bridge_key, known_agent

ODD = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["\r\nX: y", "a\x85b\u2028c", "\x00", "=?utf-8?q?=", ";", '"']
)
PARSED = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.dictionaries(ODD, ODD | st.lists(ODD, max_size=3), max_size=4),
        "text": ODD,
        "html": ODD,
        "attachments": st.lists(
            st.fixed_dictionaries({}, optional={"name": ODD, "type": ODD, "content": st.binary(max_size=20)}),
            max_size=3,
        ),
    },
)


@settings(max_examples=300, deadline=None)
@given(PARSED)
def test_any_parsed_mail_becomes_the_same_mail_each_time(parsed: dict[str, Any]) -> None:
    raw = compose.raw_from(parsed)
    assert raw == compose.raw_from(parsed)
    made = message_from_bytes(raw, policy=policy.compat32)
    head = raw.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
    own = {"content-type", "content-transfer-encoding", "content-disposition", "mime-version", "content-id"}
    given_ = parsed.get("headers", {})
    wanted = sum(len(v) if isinstance(v, list) else 1 for k, v in given_.items() if k.lower() not in own)
    lines = [line for line in head if not line.startswith((b" ", b"\t"))]
    assert sum(line.split(b":")[0].lower().decode("latin-1") not in own for line in lines) == wanted
    files = [part for part in made.walk() if part.get_content_disposition() == "attachment"]
    assert [part.get_payload(decode=True) for part in files] == [
        item.get("content", b"") for item in parsed.get("attachments", [])
    ]


@pytest.mark.django_db
def test_a_parsed_mail_is_read_back_as_it_was_given() -> None:
    robin, bridge = known_agent(), bridge_key()
    long_name = "\u6f22" * 300 + ".pdf"
    parsed = {
        "headers": {"From": "Ann <ann@mercer-bikes.example>", "Subject": "Gr\u00fc\u00dfe, folded\r\n here"},
        "html": "<p>rich</p>",
        "attachments": [
            {"name": "r\u00e9sum\u00e9; final.txt", "type": "text/plain", "content": "aGVsbG8="},
            {"name": long_name, "type": "nonsense", "content": ""},
            {"type": "message/rfc822", "content": "aGVsbG8="},
        ],
    }
    body = {"envelope": {"mail_from": "", "rcpt_to": [robin.address]}, "parsed": parsed}
    assert call("/ingest", body, bridge=bridge).status == 202
    while work.run():
        pass
    (message,) = call("/list", {"quarantined": True}, robin.agent_key).body["messages"]
    assert (message["status"], message["subject"]) == ("processed", "Gr\u00fc\u00dfe, folded  here")
    assert message["text"].strip() == "rich"
    assert [(file["name"], file["type"], file["size"]) for file in message["attachments"][:1]] == [
        ("r\u00e9sum\u00e9; final.txt", "text/plain", 5)
    ]
    assert message["attachments"][1]["name"].endswith("\u6f22.pdf")
    assert [file["type"] for file in message["attachments"][1:]] == ["application/octet-stream"] * 2
    assert message["attachments"][2]["name"] == "attachment-3"
