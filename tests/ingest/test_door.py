"""``/ingest``: what is taken in, for whom, what is refused, and what happens while the database is away."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from postbox.identity import keys, recipients
from postbox.ingest import compose, envelope, work
from postbox.ingest.limits import ADDRESS_COUNT, MESSAGE_BYTES
from postbox.ingest.views import MAX_BODY_BYTES
from postbox.mail.models import Message, SpooledMail
from postbox.mail.raw import raw_of
from tests.callers import ERROR, Answer, call, send
from tests.people import ANN, Known, bridge_key, known_agent, mail
from tests.services import SUPERUSER_URL

pytestmark = pytest.mark.django_db


@pytest.fixture
def robin() -> Known:
    return known_agent(aliases=("help",))


@pytest.fixture
def bridge() -> str:
    return bridge_key()


def as_raw(raw: bytes, bridge: str, *rcpt_to: str, mail_from: str = ANN, **headers: str) -> Answer:
    shown = {"HTTP_X_POSTBOX_MAIL_FROM": mail_from, "HTTP_X_POSTBOX_RCPT_TO": ", ".join(rcpt_to), **headers}
    return send("/ingest", raw, "message/rfc822", bridge=bridge, **shown)


def as_json(bridge: str, *rcpt_to: str, mail_from: str = ANN, **rest: Any) -> Answer:
    return call("/ingest", {"envelope": {"mail_from": mail_from, "rcpt_to": list(rcpt_to)}, **rest}, bridge=bridge)


def stored(answer: Answer) -> bytes:
    row = Message.objects.get(pk=answer.body["messages"][0]["id"])
    return raw_of(row.id, row.agent_id)


def test_a_raw_mail_is_stored_as_it_came(robin: Known, bridge: str) -> None:
    raw = mail()
    answer = as_raw(
        raw, bridge, robin.address, HTTP_X_POSTBOX_CLIENT_IP="192.0.2.7", HTTP_X_POSTBOX_HELO="mx.a.example"
    )
    assert answer.status == 202
    (said,) = answer.body["messages"]
    assert said == {
        "id": said["id"],
        "to": robin.address,
        "agent_id": "robin",
        "status": "received",
        "duplicate": False,
    }
    assert answer.body["rejected"] == []
    assert stored(answer) == raw
    row = Message.objects.get(pk=said["id"])
    assert (row.mail_from, row.rcpt_to, row.size) == (ANN, robin.address, len(raw))
    assert (row.client_ip, row.helo) == ("192.0.2.7", "mx.a.example")
    assert raw not in bytes(SpooledMail.objects.get(pk=row.id).body)


def test_a_raw_mail_in_json_is_the_same_mail(robin: Known, bridge: str) -> None:
    raw = mail()
    first = as_raw(raw, bridge, robin.address)
    lines = base64.encodebytes(raw).decode()  # in lines of 76, as `base64` prints it
    second = as_json(bridge, robin.address, raw=lines)
    assert second.status == 202
    assert second.body["messages"] == [{**first.body["messages"][0], "duplicate": True}]


def test_a_parsed_mail_becomes_one(robin: Known, bridge: str) -> None:
    parsed = {
        "headers": {"From": "Ann <ann@mercer-bikes.example>", "Subject": "Grüße", "X-Two": ["one", "two"]},
        "text": "plain",
        "html": "<p>rich</p>",
        "attachments": [{"name": "a/b \u202e.txt", "type": "text/plain; charset=utf-8", "content": "aGVsbG8="}],
    }
    answer = as_json(bridge, robin.address, parsed=parsed)
    assert answer.status == 202
    made = message_from_bytes(stored(answer), policy=policy.default)
    assert (made["subject"], made.get_all("x-two")) == ("Grüße", ["one", "two"])
    assert made.get_body(("plain",)).get_content() == "plain"  # type: ignore[union-attr]
    assert made.get_body(("html",)).get_content() == "<p>rich</p>"  # type: ignore[union-attr]
    (file,) = made.iter_attachments()
    assert (file.get_content_type(), file.get_content()) == ("text/plain", "hello")
    assert as_json(bridge, robin.address, parsed=parsed).body["messages"][0]["duplicate"] is True


def test_each_recipient_gets_a_row_or_a_reason(robin: Known, bridge: str) -> None:
    wren = known_agent("wren")
    tagged = "robin+news@agents.localhost"
    raw = mail()
    answer = as_raw(
        raw, bridge, robin.address, f"<{wren.address.upper()}>", "help@agents.localhost", tagged, "no@x.example"
    )
    assert answer.status == 202
    assert [(said["to"], said["agent_id"]) for said in answer.body["messages"]] == [
        (robin.address, "robin"),
        (wren.address, "wren"),
        ("help@agents.localhost", "robin"),
        (tagged, "robin"),
    ]
    (rejected,) = answer.body["rejected"]
    assert (rejected["rcpt_to"], rejected["code"]) == ("no@x.example", "unknown_recipient")
    assert Message.objects.count() == 4
    again = as_raw(raw, bridge, wren.address, robin.address, robin.address)
    by_address = {said["to"]: said["id"] for said in answer.body["messages"]}
    assert [(said["id"], said["duplicate"]) for said in again.body["messages"]] == [
        (by_address[wren.address], True),
        (by_address[robin.address], True),
    ]
    assert Message.objects.count() == 4


def test_nobody_known_is_202_and_says_so(robin: Known, bridge: str) -> None:
    answer = as_raw(mail(), bridge, "nobody@agents.localhost")
    assert (answer.status, answer.body["messages"]) == (202, [])
    assert len(answer.body["rejected"]) == 1


@pytest.mark.parametrize("mail_from", ["", "<>", " <> "])
def test_the_null_return_path_is_empty(robin: Known, bridge: str, mail_from: str) -> None:
    for answer in (
        as_raw(mail(), bridge, robin.address, mail_from=mail_from),
        as_json(bridge, robin.address, mail_from=mail_from, raw=base64.b64encode(mail()).decode()),
    ):
        assert answer.status == 202
        assert Message.objects.get(pk=answer.body["messages"][0]["id"]).mail_from == ""


@pytest.mark.parametrize(
    "address", ['"john doe"@a.example', "o'hara+x=y@a.example", "grüße@bücher.example", "a@[192.0.2.1]"]
)
def test_senders_as_mtas_know_them_are_taken(robin: Known, bridge: str, address: str) -> None:
    header = address.encode().decode("latin-1")  # as a server hands octets over (PEP 3333)
    for answer in (
        as_raw(mail(), bridge, robin.address, mail_from=header),
        as_json(bridge, robin.address, mail_from=address, raw=base64.b64encode(mail()).decode()),
    ):
        assert answer.status == 202, answer.body
        assert Message.objects.get(pk=answer.body["messages"][0]["id"]).mail_from == address


@pytest.mark.parametrize(
    "rcpt_to", [[], ["no-address"], ["a@b.example", ""], ["a@b@c"], ["x@y.example"] * (ADDRESS_COUNT + 1)]
)
def test_recipients_that_cannot_be_are_400(bridge: str, rcpt_to: list[str]) -> None:
    answer = as_json(bridge, *rcpt_to, raw="aGk=")
    assert (answer.status, answer.body["code"]) == (400, "invalid")
    assert all(path.startswith("envelope.rcpt_to") for path in answer.wrong)
    if rcpt_to != ["a@b.example", ""]:  # an empty item between commas is none
        found = as_raw(mail(), bridge, *[f"{number}{item}" for number, item in enumerate(rcpt_to)])
        assert found.status == 400
        assert list(found.wrong) == ["x-postbox-rcpt-to"]


def test_an_envelope_that_cannot_be_is_400_and_named(robin: Known, bridge: str) -> None:
    said = {"mail_from": "no address", "rcpt_to": [robin.address], "client_ip": "somewhere"}
    answer = call("/ingest", {"envelope": said, "raw": "aGk="}, bridge=bridge)
    assert (answer.status, set(answer.wrong)) == (400, {"envelope.mail_from", "envelope.client_ip"})
    answer = as_raw(mail(), bridge, robin.address, mail_from="no address", HTTP_X_POSTBOX_CLIENT_IP="999.1.1.1")
    assert (answer.status, set(answer.wrong)) == (400, {"x-postbox-mail-from", "x-postbox-client-ip"})
    assert not Message.objects.exists()


@pytest.mark.parametrize("text", ["192.0.2.7", " [192.0.2.7] ", "[IPv6:2001:db8::1]", "fe80::1%eth0", ""])
def test_client_addresses_as_mtas_write_them(text: str) -> None:
    read = envelope.read("", ["a@b.example"], text, "")
    assert (read.client_ip is None) == (not text)


@pytest.mark.parametrize("raw", ["%%%", "aGk", "gr\u00fc\u00dfe", 5, None, ["aGk="]])
def test_bad_base64_is_400(robin: Known, bridge: str, raw: object) -> None:
    answer = as_json(bridge, robin.address, raw=raw)
    assert (answer.status, list(answer.wrong)) == (400, ["raw"])
    parsed = {"text": "x", "attachments": [{"content": "aGk="}, {"content": raw}]}
    answer = as_json(bridge, robin.address, parsed=parsed)
    assert (answer.status, list(answer.wrong)) == (400, ["parsed.attachments.1.content"])


def test_no_mail_at_all_is_400(robin: Known, bridge: str) -> None:
    for answer in (
        as_raw(b"", bridge, robin.address),
        as_raw(b" \r\n\r\n", bridge, robin.address),
        as_json(bridge, robin.address, raw=base64.b64encode(b"\r\n").decode()),
    ):
        assert (answer.status, answer.body["code"]) == (400, "empty_mail")
    assert list(as_json(bridge, robin.address, raw="").wrong) == ["raw"]


@pytest.mark.parametrize("body", [{}, {"raw": "aGk=", "parsed": {}}])
def test_either_raw_or_parsed(robin: Known, bridge: str, body: dict[str, Any]) -> None:
    answer = as_json(bridge, robin.address, **body)
    assert answer.status == 400
    assert "either" in answer.body["errors"][0]["message"]


def test_only_its_size_refuses_a_mail(robin: Known, bridge: str) -> None:
    head = mail()
    fits = head + b"x" * (MESSAGE_BYTES - len(head))
    assert as_raw(fits, bridge, robin.address).status == 202
    over = as_raw(fits + b"x", bridge, robin.address)
    assert (over.status, over.body["code"]) == (413, "mail_too_large")
    assert set(over.body) == ERROR
    in_json = as_json(bridge, robin.address, raw=base64.b64encode(fits + b"x").decode())
    assert (in_json.status, in_json.body["code"]) == (413, "mail_too_large")
    assert Message.objects.count() == 1


def test_a_body_that_is_announced_too_large_is_refused(robin: Known, bridge: str) -> None:
    for kind, length in (("message/rfc822", MESSAGE_BYTES + 1), ("application/json", MAX_BODY_BYTES + 1)):
        answer = send("/ingest", b"x" * length, kind, bridge=bridge)
        assert (answer.status, answer.body["code"]) == (413, "mail_too_large")


HOSTILE = [
    b"\x00" * 100,
    b"\xff\xfe",
    b"From:\x00",
    b"no header at all",
    b"Content-Type: " + b";" * 31_000,
    b"\n" * 9 + b"x",
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_whatever_its_octets_a_mail_is_stored(robin: Known, bridge: str, raw: bytes) -> None:
    answer = as_raw(raw, bridge, robin.address)
    assert answer.status == 202
    assert stored(answer) == raw


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


def test_a_parsed_mail_is_read_back_as_it_was_given(robin: Known, bridge: str) -> None:
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
    as_json(bridge, robin.address, parsed=parsed)
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


@pytest.mark.django_db(transaction=True)
def test_an_accepted_mail_costs_one_statement() -> None:
    """Four for the first of an agent (key, recipients, the agent's data key, the mail), then one each."""
    robin, bridge = known_agent(), bridge_key()
    as_raw(mail(), bridge, robin.address)  # notes the use of the key, which is once a minute
    keys.forget()
    recipients.forget()
    for most in (4, 1, 1):
        with CaptureQueriesContext(connection) as queries:
            assert as_raw(mail(), bridge, robin.address).status == 202
        assert len(queries) == most, [query["sql"] for query in queries]
    raw = mail()
    as_raw(raw, bridge, robin.address)
    with CaptureQueriesContext(connection) as queries:
        assert as_raw(raw, bridge, robin.address).body["messages"][0]["duplicate"] is True
    assert len(queries) == 2


# --- the database away ---------------------------------------------------------------------------------------------

_POST = """
import json, os, psycopg
import django
django.setup()
from django.test import Client
try:
    psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=3)
    proof = "connected"
except psycopg.OperationalError as error:
    proof = "refused"
answers = []
mail = b"From: a@b.example\\r\\n\\r\\nhi"
for kind, body in [("message/rfc822", mail), ("application/json", b"{}"), ("text/plain", b"x")]:
    headers = {"x-agentpack-key": "pbx_bridge_x", "x-postbox-rcpt-to": "a@agents.localhost"}
    response = Client().post("/ingest", body, content_type=kind, headers=headers)
    answers.append([response.status_code, response.headers.get("Retry-After"), response.json()])
print(json.dumps({"proof": proof, "answers": answers}))
"""


def test_without_a_database_the_door_says_503_and_nothing_else() -> None:
    """403 and 406 would make providers give the mail up, and 500 tells nobody to come again."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        url = f"postgresql://postbox@127.0.0.1:{taken.getsockname()[1]}/postbox"
        done = subprocess.run(
            [sys.executable, "-c", _POST],
            env={**os.environ, "DATABASE_URL": url},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            timeout=60,
            check=True,
        )
    found = json.loads(done.stdout)
    assert found["proof"] == "refused"
    for status, retry_after, body in found["answers"]:
        assert (status, retry_after, body["code"]) == (503, "5", "storage_unavailable")
        assert set(body) == ERROR
        assert "127.0.0.1" not in json.dumps(body)


def _end_connections(superuser: psycopg.Connection[Any], name: str) -> None:
    superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


@pytest.fixture
def superuser() -> psycopg.Connection[Any]:
    if SUPERUSER_URL not in os.environ:
        pytest.skip(f"{SUPERUSER_URL} is not set: this PostgreSQL is not ours to shut")
    return psycopg.connect(os.environ[SUPERUSER_URL], autocommit=True)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_shuts_and_opens_again_loses_and_doubles_nothing(superuser: psycopg.Connection[Any]) -> None:
    robin, bridge = known_agent(), bridge_key()
    assert as_raw(mail(), bridge, robin.address).status == 202
    name = str(connection.settings_dict["NAME"])
    raw = mail()
    try:
        superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        _end_connections(superuser, name)
        with pytest.raises(psycopg.OperationalError):
            connection.connect()
        for forgotten in (False, True):  # with what the process knows by heart, and without
            if forgotten:
                keys.forget()
                recipients.forget()
            answer = as_raw(raw, bridge, robin.address)
            assert (answer.status, answer.body["code"]) == (503, "storage_unavailable")
            close_old_connections()  # as the end of a request does; the test client leaves it out
    finally:
        superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    answer = as_raw(raw, bridge, robin.address)
    assert (answer.status, answer.body["messages"][0]["duplicate"]) == (202, False)
    assert stored(answer) == raw
    assert Message.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_unnoticed_costs_no_mail(superuser: psycopg.Connection[Any]) -> None:
    robin, bridge = known_agent(), bridge_key()
    assert as_raw(mail(), bridge, robin.address).status == 202
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert superuser.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone() == (0,)
    assert as_raw(mail(), bridge, robin.address).status == 202
    assert Message.objects.count() == 2
