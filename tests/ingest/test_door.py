"""``/ingest``: what is taken in, for whom, what is refused, and what happens while the database is away."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from postbox.config.wsgi import application
from postbox.identity import keys, recipients
from postbox.ingest import envelope
from postbox.ingest.limits import ADDRESS_COUNT, MESSAGE_BYTES
from postbox.ingest.views import MAX_BODY_BYTES
from postbox.mail.models import Message, SpooledMail
from postbox.mail.raw import raw_of
from tests.callers import ERROR, Answer, call, send
from tests.people import ANN, Known, bridge_key, known_agent, mail

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


@pytest.mark.parametrize("door", [as_raw, lambda raw, *rest: as_json(*rest, raw=base64.b64encode(raw).decode())])
def test_an_owners_bridge_reaches_that_owners_agents_alone(robin: Known, door: Callable[..., Answer]) -> None:
    heron = known_agent("heron", "Oscar")
    answer = door(mail(), bridge_key(heron.owner), robin.address, heron.address)
    assert [said["to"] for said in answer.body["messages"]] == [heron.address]
    assert [(said["rcpt_to"], said["code"]) for said in answer.body["rejected"]] == [
        (robin.address, "unknown_recipient")
    ]
    assert not Message.objects.filter(agent=robin.agent).exists()


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


@pytest.mark.django_db(transaction=True)
def test_an_accepted_mail_costs_one_statement(kept_clock: list[float]) -> None:
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


def by_wsgi(body: bytes, **shown: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Through the WSGI application, as a web server calls it: status, headers, answer."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/ingest",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "message/rfc822",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        **shown,
    }
    said: list[Any] = []
    parts = application(environ, lambda status, headers: said.extend((status, headers)))
    return int(said[0][:3]), dict(said[1]), json.loads(b"".join(parts))


@pytest.mark.parametrize(
    ("body", "wrong", "status"),
    [
        (mail(), {}, 202),
        (mail(), {"HTTP_X_AGENTPACK_KEY": "pbx_bridge_no"}, 401),
        (mail(), {"HTTP_X_POSTBOX_RCPT_TO": ""}, 400),
        (mail(), {"CONTENT_LENGTH": str(MESSAGE_BYTES + 1)}, 413),
        (mail(), {"CONTENT_LENGTH": "9999"}, 400),
        (mail(), {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, 411),
        (b"\r\n", {}, 400),
    ],
)
def test_the_short_way_answers_as_djangos_handler_does(
    body: bytes, wrong: dict[str, str], status: int, robin: Known, bridge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The test's transaction would be taken for one that a request left open, and its connection be closed.
    monkeypatch.setitem(connection.settings_dict, "AUTOCOMMIT", False)
    shown = {
        "HTTP_X_AGENTPACK_KEY": bridge,
        "HTTP_X_POSTBOX_MAIL_FROM": ANN,
        "HTTP_X_POSTBOX_RCPT_TO": robin.address,
        "HTTP_X_REQUEST_ID": "request-of-mine",
        **wrong,
    }
    short = by_wsgi(body, **shown)
    whole = by_wsgi(body, **shown, CONTENT_TYPE="message/rfc822; a=b")
    assert (short[0], short[1].pop("Content-Length") != "0") == (status, True)
    whole[1].pop("Content-Length")
    if status == 202:
        assert [message.pop("duplicate") for answer in (short, whole) for message in answer[2]["messages"]] == [
            False,
            True,
        ]
    assert short == whole
    assert short[1]["X-Request-Id"] == "request-of-mine"
