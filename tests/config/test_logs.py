"""The log's lines: JSON, with the request that brought a mail and the mail that a step was about."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from postbox.config import env
from postbox.config.logs import LOGGING
from postbox.ingest import pipeline, work
from postbox.screening.case import Case, Verdict
from tests.people import bridge_key, deliver, known_agent, mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lines() -> Iterator[Any]:
    """What is logged from now on, at INFO, through our own handler."""
    config = logging.config.DictConfigurator(LOGGING)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(config.configure_formatter(dict(LOGGING["formatters"]["json"])))
    logger = logging.getLogger("postbox")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(before)


def test_a_mail_is_followed_from_its_request_to_its_outcome(lines: Any) -> None:
    robin = known_agent()
    headers: dict[str, Any] = {"HTTP_X_AGENTPACK_KEY": bridge_key(), "HTTP_X_POSTBOX_RCPT_TO": robin.address}
    answer = Client().generic(
        "POST", "/ingest", mail(text="kingfisher"), "message/rfc822", HTTP_X_REQUEST_ID="request-0001", **headers
    )
    message_id = answer.json()["messages"][0]["id"]
    work.run()
    accepted, settled = [line for line in lines() if line["event"].startswith("mail_")]
    assert (accepted["event"], accepted["request_id"], accepted["message_id"]) == (
        "mail_accepted",
        "request-0001",
        message_id,
    )
    assert (settled["event"], settled["message_id"], settled["status"]) == ("mail_settled", message_id, "processed")
    assert "request_id" not in settled
    assert "kingfisher" not in json.dumps(lines())


def test_a_line_of_a_step_says_which_mail_it_is_about(lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    robin, own = known_agent(), pipeline.STEPS[0].check

    def talk(case: Case) -> Verdict:
        logging.getLogger("postbox.test").warning("hello")
        return own(case)  # type: ignore[no-any-return]

    monkeypatch.setattr(pipeline.STEPS[0], "check", talk)
    ids = [str(deliver(mail(), robin.address).stored[0].id) for _ in range(2)]
    work.run()
    logging.getLogger("postbox.test").warning("afterwards")
    assert [line["message_id"] for line in lines() if line["event"] == "hello"] == ids
    assert "message_id" not in lines()[-1]


def test_an_unknown_level_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTBOX_LOG_LEVEL", "loud")
    with pytest.raises(ImproperlyConfigured, match="POSTBOX_LOG_LEVEL"):
        env.choice("POSTBOX_LOG_LEVEL", "WARNING", ("INFO", "WARNING"))
    monkeypatch.setenv("POSTBOX_LOG_LEVEL", "info")
    assert env.choice("POSTBOX_LOG_LEVEL", "WARNING", ("INFO", "WARNING")) == "INFO"
