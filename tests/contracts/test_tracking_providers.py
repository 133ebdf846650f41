"""The one contract of every provider that tells what became of a mail: verified, written down once, never lost."""

from __future__ import annotations

import dataclasses
import json
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from outbound import work
from outbound.models import DeliveryReport, OutboundRecipient, Outgoing, ReportState
from outbound.tracking import TRACKERS
from outbound.transports.mailbox import Mailbox
from postbox.ingest.inbound import sns
from postbox.lib import clock
from reputation.models import EmailReputation, Suppression
from tests.callers import call
from tests.contracts import everyone
from tests.contracts.amazon import TOPIC, Amazon, posted, signed, subscription
from tests.contracts.providers import login
from tests.contracts.tracking import TELL, Told
from tests.outage import shut
from tests.people import known_agent

ANN = "ann@mercer-bikes.example"
BO = "bo@ek.example"
IDS = {"postmark": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817", "mailgun": "<20261120.1@mg.example>"}
IDS |= {"sendgrid": "c82b1dad-1b2c-4b6d-9f5e-1f4f6a1d2c3b", "ses": "0102018c-aaaa-bbbb-cccc-000000000000-000000"}

SECRETS = {name: everyone.SECRETS[name] for name in TRACKERS}
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]
providers = pytest.mark.parametrize("name", sorted(TRACKERS))


@pytest.fixture(autouse=True)
def amazon(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Amazon:
    settings.POSTBOX_EVENTS = SECRETS
    made = Amazon()
    monkeypatch.setattr(sns, "sns", sns.Sns(made.fetch))
    return made


@pytest.fixture
def message_id() -> str:
    body = {"to": [ANN, BO], "subject": "Hi", "text": "Hello"}
    answer = call("/send", body, known_agent().agent_key)
    work.run(Mailbox())
    return str(answer.body["id"])


def named(name: str, message_id: str) -> str:
    """The message under the provider's own name."""
    Outgoing.objects.filter(pk=uuid.UUID(message_id)).update(provider_id=IDS[name])
    return IDS[name]


def states() -> dict[str, str]:
    return dict(OutboundRecipient.objects.values_list("address", "state"))


def test_every_provider_is_in_the_contract() -> None:
    assert set(TRACKERS) == set(TELL) == set(SECRETS) == set(IDS)


@providers
@pytest.mark.parametrize(
    ("kind", "state", "bounce_type", "blocked"),
    [
        ("hard", "bounced", "HardBounce", True),
        ("soft", "bounced", "SoftBounce", False),
        ("complaint", "complained", "SpamComplaint", True),
        ("delivered", "delivered", "", False),
    ],
)
def test_right(name: str, message_id: str, kind: str, state: str, bounce_type: str, blocked: bool) -> None:
    assert TELL[name](Told(kind, ANN, named(name, message_id))).send() == (200, {"recorded": 1})
    row = OutboundRecipient.objects.get(address=ANN)
    assert (row.state, row.bounce_type) == (state, bounce_type)
    assert states()[BO] == "accepted"
    assert Suppression.objects.filter(address=ANN).exists() == blocked
    if kind == "hard":
        assert "5.1.1" in row.bounce_detail


@providers
@pytest.mark.parametrize("credential", ["missing", "wrong"])
def test_missing_and_wrong(name: str, message_id: str, credential: str) -> None:
    posted = TELL[name](Told("hard", ANN, named(name, message_id)), credential)
    answer = Client().generic("POST", posted.path, posted.body, posted.content_type, headers=posted.headers)
    assert (answer.status_code, answer.content) == (401, b"")
    assert not DeliveryReport.objects.exists()


@providers
def test_replayed(name: str, message_id: str) -> None:
    posted = TELL[name](Told("hard", ANN, named(name, message_id)))
    assert posted.send() == (200, {"recorded": 1})
    assert posted.send() == (200, {"recorded": 0})
    assert EmailReputation.objects.get(address=ANN).hard_bounces == 1


@providers
def test_our_own_id_finds_a_mail_whose_result_was_never_written(name: str, message_id: str) -> None:
    TELL[name](Told("hard", ANN, "another", own=message_id)).send()
    assert states()[ANN] == "bounced"


@providers
def test_what_comes_before_its_message_waits(name: str, message_id: str) -> None:
    assert TELL[name](Told("hard", ANN, IDS[name])).send() == (200, {"recorded": 1})
    assert DeliveryReport.objects.get().state == ReportState.WAITING


@providers
def test_what_says_nothing_of_delivery_is_taken_and_left(name: str, message_id: str) -> None:
    assert TELL[name](Told("opened", ANN, named(name, message_id))).send() == (200, {"recorded": 0})
    assert not DeliveryReport.objects.exists()


def test_an_overheard_signature_of_mailguns_tells_nothing_else(message_id: str) -> None:
    first = Told("delivered", ANN, named("mailgun", message_id))
    assert TELL["mailgun"](first).send() == (200, {"recorded": 1})
    assert TELL["mailgun"](dataclasses.replace(first, kind="hard")).send() == (200, {"recorded": 0})
    assert states()[ANN] == "delivered"


@pytest.mark.parametrize(("name", "hours"), [("mailgun", 10), ("sendgrid", 26)])
def test_stale(name: str, hours: int, message_id: str) -> None:
    with clock.frozen(clock.now() - timedelta(hours=hours)):
        posted = TELL[name](Told("hard", ANN, named(name, message_id)))
    assert posted.send()[0] == 401
    with clock.frozen(clock.now() + timedelta(hours=1)):
        posted = TELL[name](Told("hard", ANN, named(name, message_id)))
    assert posted.send()[0] == 401


@providers
def test_without_its_secret_a_provider_is_not_there(name: str, settings: Settings) -> None:
    settings.POSTBOX_EVENTS = {other: values for other, values in SECRETS.items() if other != name}
    assert TELL[name](Told("hard", ANN, "x")).send()[0] == 404
    assert Client().head(f"/events/{name}").status_code == 404
    settings.POSTBOX_EVENTS = SECRETS
    assert Client().head(f"/events/{name}").status_code == 200


@providers
def test_without_a_database_it_is_503_and_the_retry_is_written_down(name: str, message_id: str) -> None:
    posted = TELL[name](Told("hard", ANN, named(name, message_id)))
    with shut():
        assert posted.send()[0] == 503
    assert posted.send() == (200, {"recorded": 1})


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
@pytest.mark.parametrize("is_ours", [True, False])
def test_a_subscription_to_a_topic_of_ours_is_confirmed(
    kind: str, is_ours: bool, amazon: Amazon, settings: Settings
) -> None:
    settings.POSTBOX_EVENTS = {"ses": SECRETS["ses"] | {"topics": [TOPIC] if is_ours else []}}
    asked = dataclasses.replace(posted(signed(subscription(kind))), path="/events/ses")
    assert asked.send() == (200, {"recorded": 0})
    confirmed = any("ConfirmSubscription" in url for url in amazon.asked)
    assert confirmed == (is_ours and kind == "SubscriptionConfirmation")


def test_what_sns_did_not_sign_is_nobodys(message_id: str) -> None:
    asked = TELL["ses"](Told("hard", ANN, named("ses", message_id)))
    forged = asked.body.replace(b"Permanent", b"Transient")
    assert forged != asked.body
    assert dataclasses.replace(asked, body=forged).send()[0] == 401


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@examples(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
@pytest.mark.parametrize("name", ["postmark", "ses"])
def test_json_that_is_not_as_documented_breaks_nothing(name: str, data: st.DataObject) -> None:
    posted = TELL[name](Told("hard", ANN, "x", event="e" * 32))
    body = json.loads(posted.body)
    for key in data.draw(st.lists(st.sampled_from(sorted(body)), min_size=1, max_size=4)):
        body[key] = data.draw(_JSON)
    if name == "ses" and data.draw(st.booleans()):
        event = json.loads(json.loads(posted.body)["Message"])
        event[data.draw(st.sampled_from(sorted(event)))] = data.draw(_JSON)
        body["Message"] = json.dumps(event)
    if name == "ses" and all(isinstance(value, str) for value in body.values()):
        body = signed(body)
    status, _ = dataclasses.replace(posted, body=json.dumps(body).encode()).send()
    assert status in {200, 401, 422}


@examples(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(body=st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode()))
@providers
def test_any_body_gets_an_answer(name: str, body: bytes) -> None:
    headers = login("right")
    answer = Client().generic("POST", f"/events/{name}", body, content_type="application/json", headers=headers)
    assert answer.status_code in {200, 400, 401, 422}
