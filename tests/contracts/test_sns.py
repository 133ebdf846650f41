"""Amazon's messages: signed by SNS or not, subscriptions, and mail that lies in a bucket."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from postbox.ingest.inbound import sns
from postbox.ingest.inbound.models import InboundEvent
from postbox.ingest.limits import MESSAGE_BYTES
from postbox.lib import clock
from postbox.lib.egress import Client, Trouble
from postbox.mail.models import Message
from postbox.mail.raw import raw_of
from tests import s3 as s3_server
from tests.contracts.amazon import (
    CERTIFICATE_URL,
    HOME,
    STRANGER,
    TOPIC,
    Amazon,
    certificate,
    event,
    notification,
    posted,
    ses,
    signed,
    subscription,
)
from tests.contracts.everyone import SECRETS
from tests.contracts.providers import Mail, Posted
from tests.people import known_agent, mail

pytestmark = pytest.mark.django_db
STORED = {"stored": 1, "rejected": 0, "duplicate": False}


@pytest.fixture(autouse=True)
def amazon(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Amazon:
    settings.POSTBOX_INBOUND = SECRETS
    made = Amazon()
    monkeypatch.setattr(sns, "sns", sns.Sns(made.fetch))
    return made


def letter() -> Mail:
    return Mail(known_agent().address, mail())


def unsigned(sent: Mail) -> dict[str, Any]:
    return notification(event(sent, {"type": "SNS", "encoding": "UTF8"}, sent.raw.decode()))


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("titled", [True, False])
def test_both_versions_with_a_subject_and_without(version: str, titled: bool) -> None:
    said = unsigned(letter())
    if not titled:
        del said["Subject"]
    assert posted(signed(said, version)).send() == (200, STORED)


def test_a_certificate_is_asked_for_once(amazon: Amazon) -> None:
    for subject in ("a", "b"):
        assert ses(Mail(known_agent().address, mail(subject))).send()[0] == 200
    assert amazon.asked == [CERTIFICATE_URL]


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"])
def test_whatever_is_altered_is_found(name: str) -> None:
    said = signed(unsigned(letter()))
    said[name] = {
        "Timestamp": (clock.now() - timedelta(minutes=1)).isoformat(),
        "Type": "UnsubscribeConfirmation",
        "Message": said["Message"].replace("mercer", "forged"),
    }.get(name, said[name] + "1")
    assert posted(said).send() == (401, None)
    assert not Message.objects.exists()


def test_what_another_key_signed_is_not_from_sns() -> None:
    assert posted(signed(unsigned(letter()), key=STRANGER)).send() == (401, None)


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://bucket.s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        f"{HOME}/../SimpleNotificationService-0123456789abcdef.pem",
        f"{HOME}/?Action=GetSomething",
        "",
    ],
)
def test_a_certificate_from_elsewhere_is_not_even_asked_for(url: str, amazon: Amazon) -> None:
    """Anybody can have a certificate of his own at an address of his own."""
    amazon.certificate = certificate(STRANGER)
    said = signed(unsigned(letter()) | {"SigningCertURL": url}, key=STRANGER)
    assert posted(said).send() == (401, None)
    assert amazon.asked == []


def test_without_the_password_nothing_is_asked_for(amazon: Amazon) -> None:
    assert ses(letter(), "wrong").send() == (401, None)
    assert amazon.asked == []


@pytest.mark.parametrize("said", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_while_the_certificate_cannot_be_had_they_come_again(said: bytes, amazon: Amazon) -> None:
    right, amazon.certificate, amazon.away = amazon.certificate, said, not said
    request = ses(letter())
    assert request.send()[0] == 503
    assert not Message.objects.exists()
    amazon.certificate, amazon.away = right, False
    assert request.send() == (200, STORED)


def test_a_certificate_that_has_expired_or_has_no_rsa_key_signs_nothing(amazon: Amazon) -> None:
    amazon.certificate = certificate(days=-1)
    assert ses(letter()).send() == (401, None)


def test_a_message_of_another_topic_is_not_ours() -> None:
    """Whoever has an account there can have SNS sign what he likes."""
    said = signed(unsigned(letter()) | {"TopicArn": TOPIC + "-of-somebody"})
    assert posted(said).send() == (401, None)


# --- subscriptions -----------------------------------------------------------------------------------------------


def test_a_subscription_to_the_topic_that_is_set_is_confirmed(amazon: Amazon) -> None:
    said = subscription()
    assert posted(signed(said)).send() == (200, {"stored": 0, "rejected": 0, "duplicate": False})
    assert amazon.asked == [CERTIFICATE_URL, said["SubscribeURL"]]


def test_a_confirmation_that_sns_does_not_take_is_tried_again(amazon: Amazon) -> None:
    request = posted(signed(subscription()))
    assert ses(letter()).send()[0] == 200  # the certificate is there
    amazon.away = True
    assert request.send()[0] == 503
    amazon.away = False
    assert request.send()[0] == 200


def test_where_no_topic_is_set_a_person_confirms(
    amazon: Amazon, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.POSTBOX_INBOUND = SECRETS | {"ses": SECRETS["ses"] | {"topics": []}}
    said = subscription()
    with caplog.at_level(logging.WARNING):
        assert posted(signed(said)).send()[0] == 200
    assert amazon.asked == [CERTIFICATE_URL]
    (record,) = [one for one in caplog.records if one.message == "ses_subscription_waits"]
    assert record.__dict__["open"] == said["SubscribeURL"]
    assert ses(letter()).send() == (200, STORED)


def test_a_confirmation_leads_nowhere_else(amazon: Amazon) -> None:
    said = signed(subscription() | {"SubscribeURL": "https://169.254.169.254/latest"})
    assert posted(said).send() == (401, None)
    assert amazon.asked == [CERTIFICATE_URL]


def test_the_end_of_a_subscription_is_taken_and_stores_nothing() -> None:
    assert posted(signed(subscription("UnsubscribeConfirmation"))).send()[0] == 200
    assert not Message.objects.exists()


def test_sns_at_an_address_inside_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that lies leads the guarded client nowhere."""
    guarded = Client(resolver=lambda host: ["10.0.0.1"])
    assert guarded.get(CERTIFICATE_URL).trouble == Trouble.ADDRESS
    monkeypatch.setattr(sns, "sns", sns.Sns(guarded.get))
    assert ses(letter()).send()[0] == 503


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@examples(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_json_that_is_not_as_documented_breaks_nothing(data: st.DataObject) -> None:
    said = unsigned(Mail("robin@agents.localhost", b"Subject: a\r\n\r\n", event="e"))
    if data.draw(st.booleans()):
        inner = json.loads(said["Message"])
        inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(_JSON)
        said["Message"] = json.dumps(inner)
        said = signed(said)
    else:
        said = signed(said)
        for key in data.draw(st.lists(st.sampled_from(sorted(said)), min_size=1, max_size=4)):
            said[key] = data.draw(_JSON)
    request = dataclasses.replace(posted(signed(unsigned(letter()))), body=json.dumps(said).encode())
    assert request.send()[0] in {200, 400, 401, 422}


# --- mail in a bucket --------------------------------------------------------------------------------------------

INBOX = "inbound-mail"


@pytest.fixture
def s3(settings: Settings) -> Iterator[s3_server.S3]:
    with s3_server.running() as server:
        server.client().create_bucket(Bucket=INBOX)
        known = {"name": INBOX, "region": "us-east-1", "endpoint": server.url, "access_key": "a", "secret_key": "b"}
        settings.POSTBOX_INBOUND = SECRETS | {"ses": SECRETS["ses"] | {"bucket": known}}
        yield server


def in_bucket(sent: Mail, bucket: str = INBOX) -> Posted:
    action = {"type": "S3", "topicArn": TOPIC, "bucketName": bucket, "objectKeyPrefix": "", "objectKey": sent.event}
    return posted(signed(notification(event(sent, action))))


def test_mail_in_the_bucket_is_fetched_octet_by_octet(s3: s3_server.S3) -> None:
    sent = Mail(known_agent().address, mail() + bytes(range(0x80, 0x100)) + b"\r\n")
    s3.client().put_object(Bucket=INBOX, Key=sent.event, Body=sent.raw)
    assert in_bucket(sent).send() == (200, STORED)
    row = Message.objects.get()
    assert raw_of(row.id, row.agent_id) == sent.raw
    assert in_bucket(sent).send()[1]["duplicate"] is True


def test_a_bucket_that_is_away_has_them_come_again(s3: s3_server.S3) -> None:
    sent = letter()
    s3.client().put_object(Bucket=INBOX, Key=sent.event, Body=sent.raw)
    s3.refused = {"GET"}
    assert in_bucket(sent).send()[0] == 503
    assert ("GET", f"/{INBOX}/{sent.event}") in s3.seen
    assert not InboundEvent.objects.exists()
    s3.refused = set()
    assert in_bucket(sent).send() == (200, STORED)


def test_what_is_not_in_the_bucket_yet_has_them_come_again(s3: s3_server.S3) -> None:
    assert in_bucket(letter()).send()[0] == 503


def test_no_more_than_a_mail_is_read(s3: s3_server.S3) -> None:
    sent = letter()
    s3.client().put_object(Bucket=INBOX, Key=sent.event, Body=b"x" * (MESSAGE_BYTES + 1))
    status, said = in_bucket(sent).send()
    assert (status, said["code"]) == (413, "mail_too_large")


def test_another_bucket_is_not_read(s3: s3_server.S3, settings: Settings) -> None:
    sent = letter()
    s3.client().put_object(Bucket=s3_server.BUCKET, Key=sent.event, Body=sent.raw)
    s3.seen.clear()
    assert in_bucket(sent, s3_server.BUCKET).send()[0] == 422
    settings.POSTBOX_INBOUND = SECRETS
    assert in_bucket(sent).send()[0] == 422
    assert s3.seen == []
