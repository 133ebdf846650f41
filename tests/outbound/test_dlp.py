"""What may not leave by mail: reported, masked, held or refused, by the policy of the address."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from postbox.mail.models import Message, Status, StepVerdict
from postbox.mail.raw import raw_of
from postbox.screening.models import Policy
from tests.callers import Answer, call
from tests.people import Known, known_agent
from tests.screening.dlp.made import CARDS, grouped, keys

CARD = CARDS[0]
SPACED = grouped(CARD, (4, 4, 4, 4), " ")


@pytest.fixture
def robin(transactional_db: None) -> Known:
    return known_agent()


def post(robin: Known, text: str = f"The card is {SPACED}.", **more: Any) -> Answer:
    return call("/send", {"to": "ann@mercer-bikes.example", "subject": "Hi", "text": text} | more, robin.agent_key)


def under(robin: Known, action: str, *patterns: str) -> None:
    Policy.objects.create(owner=robin.owner, checks={"dlp_outbound": action, "dlp_patterns": list(patterns)})


def sent(robin: Known) -> str:
    return raw_of(Message.objects.get().id, robin.agent.id).decode()


def code() -> str:
    return StepVerdict.objects.get(step="dlp").code


def test_without_a_policy_it_is_reported(robin: Known) -> None:
    assert post(robin).body["status"] == "queued"
    assert code() == "reported"
    assert SPACED in sent(robin)


def test_what_holds_nothing_passes(robin: Known) -> None:
    under(robin, "refuse")
    assert post(robin, "See you on Thursday.").body["status"] == "queued"
    assert code() == "clean"


def test_masked_before_it_is_composed(robin: Known) -> None:
    under(robin, "mask", "staff=EMP-[0-9]{6}")
    text = f"Card {SPACED}, key {keys()[0][1]}, EMP-123456."
    assert post(robin, text, subject=f"Card {CARD}", html=f"<p>{text}</p>").status == 202
    raw = sent(robin)
    assert "Card [card …1111], key [api_key aws], [staff]." in raw.encode().decode("utf-8") or "=E2=80=A6" in raw
    for secret in (CARD, SPACED, keys()[0][1], "EMP-123456"):
        assert secret not in raw
    assert code() == "masked"


@pytest.mark.parametrize(
    "html", [f"<p>{CARD[:8]}<b>{CARD[8:]}</b>", f"<p>{SPACED.replace(' ', '&nbsp;')}", f"<p>&#52;{CARD[1:]}"]
)
def test_html_with_tags_inside_a_number_goes_as_text(robin: Known, html: str) -> None:
    under(robin, "remove")
    assert post(robin, "", html=f"{html}</p>").status == 202
    raw = sent(robin)
    assert "text/html" not in raw
    assert "[removed]" in raw
    assert CARD[8:] not in raw


@pytest.mark.parametrize("action", ["quarantine", "mask"])
def test_held_for_a_person_where_it_cannot_be_masked_or_must_not(robin: Known, action: str) -> None:
    under(robin, action)
    file = {"name": "list.csv", "type": "text/csv", "content": base64.b64encode(f"x,{CARD}\n".encode()).decode()}
    answer = post(robin, "Attached.", attachments=[file])
    assert answer.body["status"] == "held", answer.body
    assert CARD not in str(answer.body)
    assert Message.objects.get().status == Status.HELD


def test_refused_with_what_to_do(robin: Known) -> None:
    under(robin, "refuse")
    answer = post(robin)
    assert (answer.status, answer.body["code"]) == (403, "sensitive_content")
    assert "1 payment card number" in answer.body["message"]
    assert CARD not in str(answer.body)
    assert not Message.objects.exists()


def test_off(robin: Known) -> None:
    under(robin, "off")
    assert post(robin).body["status"] == "queued"
    assert code() == "off"
