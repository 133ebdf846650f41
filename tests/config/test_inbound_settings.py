"""The settings of the providers' doors: what is set up is there, what is wrong is refused at start, by name."""

from __future__ import annotations

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from postbox.config import inbound
from postbox.ingest.inbound.views import PROVIDERS

LOGIN = "postbox:correct-horse-battery"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("POSTBOX_INBOUND_")]:
        monkeypatch.delenv(name)


def test_every_provider_has_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inbound.secrets() == {}
    for provider in PROVIDERS:
        monkeypatch.setenv(f"POSTBOX_INBOUND_{provider.upper()}_SECRET", LOGIN)
        monkeypatch.setenv(f"POSTBOX_INBOUND_{provider.upper()}_KEY", "a2V5LTAxMjM0NTY3ODlhYmNkZWY=")
    assert set(inbound.secrets()) == set(PROVIDERS)


def test_amazons_topics_and_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTBOX_INBOUND_SES_TOPICS", "arn:aws:sns:eu-west-1:1:a, arn:aws:sns:eu-west-1:1:b")
    monkeypatch.setenv("POSTBOX_INBOUND_SES_BUCKET", "inbox")
    monkeypatch.setenv("POSTBOX_INBOUND_SES_REGION", "eu-west-1")
    assert inbound.secrets() == {}, "without its password nothing is taken"
    monkeypatch.setenv("POSTBOX_INBOUND_SES_SECRET", LOGIN)
    bucket = {"name": "inbox", "region": "eu-west-1", "endpoint": "", "access_key": "", "secret_key": ""}
    topics = ["arn:aws:sns:eu-west-1:1:a", "arn:aws:sns:eu-west-1:1:b"]
    assert inbound.secrets() == {"ses": {"secret": [LOGIN], "topics": topics, "bucket": bucket}}
    monkeypatch.delenv("POSTBOX_INBOUND_SES_BUCKET")
    assert inbound.secrets()["ses"]["bucket"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTBOX_INBOUND_SES_SECRET", "postbox:short"),
        ("POSTBOX_INBOUND_MANDRILL_KEY", "short"),
        ("POSTBOX_INBOUND_POSTAL_KEY", "no base64"),
        ("POSTBOX_INBOUND_SES_TOPICS", "mail"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTBOX_INBOUND_SES_SECRET", LOGIN)
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        inbound.secrets()
