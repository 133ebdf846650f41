"""The one contract of every provider of inbound mail: verified, stored once, and never told to give up a mail for
nothing.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from postbox.ingest.inbound import sns
from postbox.ingest.inbound.models import InboundEvent, expire
from postbox.ingest.inbound.views import PROVIDERS
from postbox.ingest.limits import MESSAGE_BYTES
from postbox.lib import clock
from postbox.mail.models import Message
from postbox.mail.raw import raw_of
from tests.contracts.amazon import Amazon
from tests.contracts.everyone import (
    ALWAYS_RAW,
    GIVES_UP,
    NAMES_ITS_EVENTS,
    NEVER_RAW,
    SECRETS,
    SEND,
    SIGNS_A_TIME,
    TELLS_NO_SENDER,
    TOO_SOON,
    UNVERIFIED,
)
from tests.contracts.providers import SENDER, Mail, login
from tests.contracts.relays import PUBLIC_URL
from tests.outage import shut
from tests.people import deliver, known_agent, mail

pytestmark = pytest.mark.django_db
providers = pytest.mark.parametrize("name", PROVIDERS)
forms = pytest.mark.parametrize("raw", [True, False], ids=["raw", "parsed"])


@pytest.fixture(autouse=True)
def amazon(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Amazon:
    settings.POSTBOX_INBOUND = SECRETS
    settings.POSTBOX_PUBLIC_URL = PUBLIC_URL
    made = Amazon()
    monkeypatch.setattr(sns, "sns", sns.Sns(made.fetch))
    return made


def letter(rcpt_to: str = "") -> Mail:
    return Mail(rcpt_to or known_agent().address, mail())


def test_every_provider_is_in_the_contract() -> None:
    assert set(PROVIDERS) == set(SEND) == set(SECRETS) == set(GIVES_UP)


@providers
@forms
def test_right(name: str, raw: bool) -> None:
    sent = letter()
    assert SEND[name](sent, raw=raw).send() == (200, {"stored": 1, "rejected": 0, "duplicate": False})
    row = Message.objects.get()
    assert (row.rcpt_to, row.mail_from) == (sent.rcpt_to, "" if name in TELLS_NO_SENDER else SENDER)
    assert row.client_ip == ("192.0.2.7" if name == "sendgrid" else None)
    kept = raw_of(row.id, row.agent_id) or b""
    if name in ALWAYS_RAW or (raw and name not in NEVER_RAW):
        assert kept == sent.raw
    else:
        assert b"Subject: Hello\r\n" in kept
        assert name in NEVER_RAW or f"<{sent.event}@".encode() in kept
        assert b"filename*=utf-8''a.txt" in kept


@providers
@forms
@pytest.mark.parametrize("credential", ["missing", "wrong"])
def test_missing_and_wrong(name: str, raw: bool, credential: str) -> None:
    """A secret that was set up wrongly must cost no mail: it is a 401 where they come again after that."""
    assert SEND[name](letter(), credential, raw=raw).send() == (UNVERIFIED[name], None)
    assert not Message.objects.exists()
    assert not InboundEvent.objects.exists()


@providers
@forms
def test_replayed(name: str, raw: bool) -> None:
    posted = SEND[name](letter(), raw=raw)
    assert posted.send()[1]["stored"] == 1
    assert posted.send() == (200, {"stored": 0, "rejected": 0, "duplicate": True})
    assert Message.objects.count() == 1


@pytest.mark.parametrize("name", NAMES_ITS_EVENTS)
def test_another_mail_under_the_same_event_is_not_stored(name: str) -> None:
    """Mailgun signs a token, not the mail: whoever overheard one can send nothing with it."""
    first = letter()
    assert SEND[name](first).send()[1]["stored"] == 1
    assert SEND[name](dataclasses.replace(first, raw=mail("Forged"))).send()[1] == {
        "stored": 0,
        "rejected": 0,
        "duplicate": True,
    }
    assert Message.objects.count() == 1


@providers
def test_the_same_mail_as_another_event_is_stored_once(name: str) -> None:
    first = letter()
    assert SEND[name](first).send()[1]["stored"] == 1
    again = SEND[name](dataclasses.replace(first, event="f" * 32)).send()
    assert again[0] == 200
    assert again[1]["duplicate"]
    assert Message.objects.count() == 1


@pytest.mark.parametrize("name", SIGNS_A_TIME)
@pytest.mark.parametrize("late", [True, False])
def test_stale(name: str, late: bool) -> None:
    """Old enough that no retry of theirs comes so late, or from the future; and the same a little fresher."""
    long = timedelta(seconds=SIGNS_A_TIME[name]) if late else -timedelta(hours=1)
    with clock.frozen(clock.now() - long):
        posted = SEND[name](letter())
    assert posted.send() == (401, None)
    with clock.frozen(clock.now() - (long * 0.7 if late else timedelta())):
        posted = SEND[name](letter())
    assert posted.send()[0] == 200


@providers
def test_an_unknown_recipient_ends_their_retries_and_spoils_nothing(name: str) -> None:
    posted = SEND[name](letter("robin@agents.localhost"))
    assert posted.send() == (200, {"stored": 0, "rejected": 1, "duplicate": False})
    assert not InboundEvent.objects.exists()
    assert known_agent().address == "robin@agents.localhost"
    assert posted.send()[1]["stored"] == 1


@providers
def test_without_its_secret_a_provider_is_not_there(name: str, settings: Settings) -> None:
    settings.POSTBOX_INBOUND = {other: values for other, values in SECRETS.items() if other != name}
    assert SEND[name](letter()).send()[0] == 404
    assert Client().head(f"/inbound/{name}").status_code == 404
    settings.POSTBOX_INBOUND = SECRETS
    assert Client().head(f"/inbound/{name}").status_code == 200
    assert Client().post("/inbound/views").status_code == 404


@providers
@pytest.mark.django_db(transaction=True)
def test_without_a_database_it_is_503_and_the_retry_stores_it(name: str) -> None:
    posted = SEND[name](letter())
    with shut():
        assert posted.send()[0] == 503
    assert posted.send()[1]["stored"] == 1
    assert Message.objects.count() == 1


@providers
def test_only_a_mail_too_large_is_given_up(name: str) -> None:
    sent = Mail(known_agent().address, b"Subject: large\r\n\r\n" + b"x" * MESSAGE_BYTES)
    status, body = SEND[name](sent).send()
    assert (status, body["code"]) == (GIVES_UP[name], "mail_too_large")
    assert not InboundEvent.objects.exists()


@providers
def test_over_a_rate_they_are_told_to_come_again_and_nothing_is_stored(name: str, settings: Settings) -> None:
    settings.POSTBOX_RATES = dict.fromkeys(settings.POSTBOX_RATES, 0) | {("system", "hour"): 1}
    deliver(mail(), known_agent("wren").address)
    posted = SEND[name](letter())
    answer = posted.answer()
    assert (answer.status_code, answer.json()["code"]) == (TOO_SOON[name], "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 3600
    assert Message.objects.count() == 1
    assert not InboundEvent.objects.exists()
    settings.POSTBOX_RATES = dict.fromkeys(settings.POSTBOX_RATES, 0)
    assert posted.send() == (200, {"stored": 1, "rejected": 0, "duplicate": False})


def test_where_one_recipient_is_over_its_rate_the_others_come_again_with_it(settings: Settings) -> None:
    settings.POSTBOX_RATES = dict.fromkeys(settings.POSTBOX_RATES, 0) | {("recipient", "hour"): 1}
    robin, wren = known_agent(), known_agent("wren")
    deliver(mail(), wren.address)
    posted = SEND["sparkpost"](Mail(robin.address, mail()))
    (entry,) = json.loads(posted.body)
    other = json.loads(json.dumps(entry).replace(robin.address, wren.address))
    assert other != entry
    unusable: dict[str, Any] = {"msys": {"relay_message": {}}}
    assert dataclasses.replace(posted, body=json.dumps([unusable]).encode()).send()[0] == 422
    together = dataclasses.replace(posted, body=json.dumps([unusable, other, entry]).encode())
    assert together.send()[0] == 429
    assert Message.objects.filter(agent_id=robin.agent.id).count() == 1  # each by itself
    shared = SEND["mailgun"](Mail(f"{robin.address}, {wren.address}", mail("To both")))
    assert shared.send()[0] == 429
    assert Message.objects.count() == 2


@pytest.mark.parametrize("name", ["mailgun", "sendgrid", "ses", "postal", "sparkpost"])
def test_octets_that_are_no_utf_8_arrive(name: str) -> None:
    sent = Mail(known_agent().address, mail() + bytes(range(0x80, 0x100)) + b"\r\n")
    assert SEND[name](sent).send()[0] == 200
    row = Message.objects.get()
    assert raw_of(row.id, row.agent_id) == sent.raw


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@examples(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
@pytest.mark.parametrize("name", ["postmark", "mailjet"])
def test_json_that_is_not_as_documented_breaks_nothing(name: str, data: st.DataObject) -> None:
    posted = SEND[name](Mail("robin@agents.localhost", b"Subject: a\r\n\r\n", event="e"))
    body = json.loads(posted.body)
    for key in data.draw(st.lists(st.sampled_from(sorted(body)), min_size=1, max_size=4)):
        body[key] = data.draw(_JSON)
    status, _ = dataclasses.replace(posted, body=json.dumps(body).encode()).send()
    assert status in {200, 400, 422}


@examples(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(["json", "multipart/form-data", "application/x-www-form-urlencoded"]),
)
@providers
def test_any_body_gets_an_answer(name: str, body: bytes, kind: str) -> None:
    answer = Client().generic("POST", f"/inbound/{name}", body, content_type=kind, headers=login("right"))
    assert answer.status_code in {200, 400, 422, UNVERIFIED[name]}


@pytest.mark.django_db
def test_events_are_forgotten_in_bounded_batches() -> None:
    for _ in range(3):
        SEND["postmark"](letter()).send()
    assert expire(clock.now(), 10) == 0  # a replay of them would be taken for new
    with clock.frozen(clock.now() + timedelta(days=5)):
        assert expire(clock.now() - timedelta(days=6), 10) == 0
        assert expire(clock.now() - timedelta(days=1), 2) == 2
    assert InboundEvent.objects.count() == 1
