"""Handing mail to a provider's API: a local server plays Postmark and Mailgun."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import override_settings
from pytest_django.fixtures import Settings

from outbound import work
from outbound.models import OutboundRecipient, Outgoing
from outbound.transports import make, provider
from outbound.transports.base import Letter, Outcome, Result, Transport
from postbox.lib.ids import uuid7
from tests.callers import call
from tests.people import known_agent

ANN, BO, CY = "ann@ek.example", "bo@ek.example", "cy@ek.example"
Script = Callable[[Any], tuple[int, Any]]


class Api:
    """Answers what its script says. ``asked`` holds each request's path, headers and body."""

    def __init__(self, script: Script) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.script = script
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                api.asked.append((self.path, dict(self.headers), body))
                status, said = api.script(body)
                if not status:  # hangs up on what it took
                    self.close_connection = True
                    return
                answer = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):  # who asked went away meanwhile
                    self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def taken(body: bytes) -> tuple[int, Any]:
    """Postmark's answer to a mail that it takes (https://postmarkapp.com/developer/api/email-api)."""
    said = {"To": json.loads(body).get("To"), "MessageID": "pm-1", "ErrorCode": 0, "Message": "OK"}
    return 200, said


@pytest.fixture
def api(settings: Settings) -> Iterator[Api]:
    made = Api(taken)
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "token-1",
        "POSTMARK_API_URL": made.url,
        "MAILGUN_API_KEY": "key-1",
        "MAILGUN_API_URL": made.url,
        "MAILGUN_SENDER_DOMAIN": "mg.example",
    }
    yield made
    made.stop()


def letter(*addresses: str, to: str = f"Ann Ek <{ANN}>", cc: str = "", html: bool = True) -> Letter:
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = "Robin <robin@agents.localhost>"
    mail["To"] = to
    if cc:
        mail["Cc"] = cc
    mail["Subject"] = "Grüße"
    mail["Message-ID"] = "<1@agents.localhost>"
    mail["In-Reply-To"] = mail["References"] = "<0@ek.example>"
    mail["Auto-Submitted"] = "auto-replied"
    mail["List-Unsubscribe"] = "<https://ek.example/u>"
    mail["DKIM-Signature"] = "v=1"
    mail.set_content("Hällo\n")
    if html:
        mail.add_alternative("<p>Hällo", subtype="html")
    mail.add_attachment(b"\xff\x00caf\xe9", maintype="text", subtype="csv", filename="a.csv")
    return Letter(uuid7(), "bounces@agents.localhost", mail.as_bytes(), addresses or (ANN,))


def ship(*letters: Letter, name: str = "postmark") -> list[Result]:
    way = make(f"anymail:{name}")
    assert way is not None
    return list(way.ship(letters))


def outcomes(result: Result) -> dict[str, str]:
    return {answer.address: answer.outcome.value for answer in result.answers}


def test_postmark_is_told_the_whole_mail(api: Api) -> None:
    one = letter(ANN, BO, CY, cc=f"Bo <{BO}>")
    result = ship(one)[0]
    assert outcomes(result) == dict.fromkeys((ANN, BO, CY), "accepted")
    assert result.provider_id == "pm-1"
    path, headers, body = api.asked[0]
    said = json.loads(body)
    assert (path, headers["X-Postmark-Server-Token"]) == ("/email", "token-1")
    assert (said["From"], said["To"], said["Cc"]) == ("Robin <robin@agents.localhost>", f"Ann Ek <{ANN}>", f"Bo <{BO}>")
    assert (said["Bcc"], said["Subject"]) == (CY, "Grüße")
    assert (said["TextBody"].strip(), said["HtmlBody"].strip()) == ("Hällo", "<p>Hällo")
    told = {item["Name"]: item["Value"] for item in said["Headers"]}
    assert told == {
        "Message-ID": "<1@agents.localhost>",
        "In-Reply-To": "<0@ek.example>",
        "References": "<0@ek.example>",
        "Auto-Submitted": "auto-replied",
        "List-Unsubscribe": "<https://ek.example/u>",
        "X-PM-KeepID": "true",
    }
    assert said["Metadata"] == {"postbox-id": one.id.hex}
    file = said["Attachments"][0]
    assert (file["Name"], base64.b64decode(file["Content"])) == ("a.csv", b"\xff\x00caf\xe9")


def test_mailgun_is_told_too(api: Api) -> None:
    api.script = lambda body: (200, {"id": "<20261120.1@mg.example>", "message": "Queued. Thank you."})
    result = ship(letter(ANN, BO, cc=BO), name="mailgun")[0]
    assert outcomes(result) == {ANN: "accepted", BO: "accepted"}
    assert result.provider_id == "<20261120.1@mg.example>"
    path, _, body = api.asked[0]
    assert path == "/mg.example/messages"
    for piece in (b'name="h:Message-Id"', b"<1@agents.localhost>", b'name="v:postbox-id"', b"\xff\x00caf\xe9"):
        assert piece in body


def test_only_who_is_left_is_written_to(api: Api) -> None:
    ship(letter(BO, to=f"{ANN}, {CY}", cc=f"Bo <{BO}>"))
    said = json.loads(api.asked[0][2])
    assert (said["To"], said.get("Cc"), said.get("Bcc")) == (f"Bo <{BO}>", None, None)


def test_blind_copies_do_not_see_each_other(api: Api) -> None:
    result = ship(letter(BO, CY))[0]
    assert [(json.loads(body)["To"], "Bcc" in json.loads(body)) for _, _, body in api.asked] == [
        (BO, False),
        (CY, False),
    ]
    assert outcomes(result) == {BO: "accepted", CY: "accepted"}


def test_each_recipient_has_what_was_said_of_it(api: Api) -> None:
    words = f"Message OK, but will not deliver to these inactive addresses: {BO}. Inactive recipients are ones"
    api.script = lambda body: (200, {"To": ANN, "MessageID": "pm-2", "ErrorCode": 0, "Message": words})
    result = ship(letter(ANN, BO, cc=BO))[0]
    assert outcomes(result) == {ANN: "accepted", BO: "permanent"}
    assert result.provider_id == "pm-2"


def test_one_that_spoils_the_call_costs_the_others_a_try(api: Api) -> None:
    words = f"Invalid 'Cc' address: '{BO}'."
    api.script = lambda body: (422, {"ErrorCode": 300, "Message": words})
    assert outcomes(ship(letter(ANN, BO, cc=BO))[0]) == {ANN: "temporary", BO: "permanent"}


@pytest.mark.parametrize(
    ("status", "outcome", "asked"),
    [
        (401, "temporary", 1),
        (429, "temporary", 1),
        (503, "temporary", 1),
        (413, "permanent", 2),
        (422, "permanent", 2),
        (500, "unknown", 2),
        (504, "unknown", 2),
    ],
)
def test_what_an_answer_means(api: Api, status: int, outcome: str, asked: int) -> None:
    """Who cannot take anything now is not asked for the next mail, which waits."""
    api.script = lambda body: (status, {"ErrorCode": 1, "Message": "no"})
    first, second = ship(letter(), letter())
    assert outcomes(first) == {ANN: outcome}
    assert first.answers[0].code == str(status)
    assert len(api.asked) == asked
    assert outcomes(second) == {ANN: outcome if asked == 2 else "temporary"}


def test_what_nobody_answered_is_unknown_and_the_rest_waits(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "ANSWER_SECONDS", 0.2)
    api.script = lambda body: (time.sleep(30), (200, {}))[1]  # type: ignore[func-returns-value]
    results = ship(letter(), letter())
    assert [outcomes(result)[ANN] for result in results] == ["unknown", "temporary"]
    assert len(api.asked) == 1


def test_a_connection_that_broke_after_the_mail_leaves_it_unknown(api: Api) -> None:
    api.script = lambda body: (0, None)
    assert outcomes(ship(letter())[0]) == {ANN: "unknown"}
    assert len(api.asked) == 1


def test_who_does_not_listen_got_nothing(api: Api) -> None:
    api.stop()
    assert outcomes(ship(letter())[0]) == {ANN: "temporary"}


def test_an_answer_that_nobody_understands_is_unknown(api: Api) -> None:
    api.script = lambda body: (200, {"Surprise": True})
    assert outcomes(ship(letter())[0]) == {ANN: "unknown"}


def test_ses_is_asked_once(api: Api) -> None:
    """boto3 would try again by itself after the first silence."""
    client = {"region_name": "eu-west-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
    settings = {"AMAZON_SES_CLIENT_PARAMS": client | {"endpoint_url": api.url}}
    api.script = lambda body: (200, {"MessageId": "0102-ses"})
    with override_settings(ANYMAIL=settings):
        result = ship(letter(ANN, BO, cc=BO), name="ses")[0]
        assert (outcomes(result), result.provider_id) == ({ANN: "accepted", BO: "accepted"}, "0102-ses")
        raw = base64.b64decode(json.loads(api.asked[0][2])["Content"]["Raw"]["Data"])
        assert b"Message-ID: <1@agents.localhost>" in raw
        for status, outcome in ((503, "temporary"), (500, "unknown"), (400, "permanent"), (0, "unknown")):
            before = len(api.asked)
            api.script = lambda body, said=status: (said, {"message": "no"})  # type: ignore[misc]
            assert outcomes(ship(letter(), name="ses")[0]) == {ANN: outcome}
            assert len(api.asked) == before + 1
    with override_settings(ANYMAIL={}):
        assert outcomes(ship(letter(), name="ses")[0]) == {ANN: "temporary"}


@pytest.mark.parametrize("name", ["nobody", "base", "../x", "console", "brevo"])
def test_what_is_no_provider_or_has_no_key_is_refused(api: Api, name: str) -> None:
    with pytest.raises(ValueError, match=r"no provider|anymail:|BREVO"):
        make(f"anymail:{name}")


@pytest.mark.django_db(transaction=True)
def test_from_send_to_the_providers_id(api: Api) -> None:
    robin = known_agent()
    call("/send", {"to": ANN, "bcc": BO, "subject": "Hi", "text": "Hello", "html": "<p>Hello"}, robin.agent_key)
    way: Transport | None = make("anymail:postmark")
    work.run(way)
    row = Outgoing.objects.get()
    assert (row.state, row.provider_id, row.transport) == ("accepted", "pm-1", "anymail:postmark")
    assert {one.state for one in OutboundRecipient.objects.all()} == {Outcome.ACCEPTED.value}
    told = {item["Name"] for item in json.loads(api.asked[0][2])["Headers"]}
    assert "DKIM-Signature" not in told
    assert "Message-ID" in told
