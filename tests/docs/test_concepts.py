"""docs/concepts.md and docs/webhooks.md use the words and states that the code has."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from postbox.events.models import EventKind
from postbox.identity.models import KeyKind
from postbox.ingest.pipeline import STEPS
from postbox.mail.models import INBOUND_STATES, OUTBOUND_STATES, OUTBOUND_TRANSITIONS, TRANSITIONS, Outcome
from postbox.screening.case import Verdict, decide
from postbox.screening.injection import QUARANTINE_ABOVE
from tests.docs.markdown import DOCS, blocks
from webhooks.kinds import KINDS
from webhooks.models import DELIVERY_TRANSITIONS

CONCEPTS = DOCS / "concepts.md"
TEXT = CONCEPTS.read_text()


def arrows(number: int) -> set[tuple[str, str]]:
    """From and to of the arrows of a diagram; the one from nothing left out."""
    diagram = [block.text for block in blocks(CONCEPTS) if block.language == "mermaid"][number]
    return {(before, after) for before, after in re.findall(r"^ +(\w+) --> (\w+):", diagram, re.MULTILINE)}


def rows(heading: str) -> dict[str, str]:
    """A table's rows by each word in code in the first column; ``heading`` is that column's."""
    table = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    return {
        word: line.split("|", 2)[2]
        for line in table[0].splitlines()
        for word in re.findall(r"`(\w+)`", line.split("|")[1])
    }


@pytest.mark.parametrize(
    ("number", "allowed"), [(0, TRANSITIONS), (1, OUTBOUND_TRANSITIONS), (2, DELIVERY_TRANSITIONS)]
)
def test_the_diagrams_show_what_may_follow_what(number: int, allowed: Mapping[str, frozenset[str]]) -> None:
    pairs = {(str(before), str(after)) for before, afters in allowed.items() for after in afters if before != after}
    assert arrows(number) == pairs


def test_the_tables_have_every_word() -> None:
    assert rows("kind").keys() == set(KeyKind.values)
    assert rows("state").keys() == set(INBOUND_STATES)
    assert rows("state of a sent mail").keys() == set(OUTBOUND_STATES)
    assert rows("outcome").keys() == set(Outcome.values)


@pytest.mark.parametrize("outcome", Outcome)
def test_an_outcome_leads_where_the_table_says(outcome: Outcome) -> None:
    status = decide([Verdict("step", outcome, "code", "A reason.")])
    assert re.findall(r"`(\w+)`", rows("outcome")[outcome])[0] == status


def test_the_steps_and_the_threshold() -> None:
    said = re.search(r"The steps are\s+(.*?), in this order", TEXT, re.DOTALL)
    assert said is not None
    assert re.findall(r"`(\w+)`", said[1]) == [step.name for step in STEPS]
    assert f"Above {QUARANTINE_ABOVE} it is" in " ".join(TEXT.split())


def test_every_kind_of_event_is_in_the_table_of_webhooks() -> None:
    text = (DOCS / "webhooks.md").read_text()
    table = text[text.index("| kind | when |") : text.index("| header | holds |")]
    named = set()
    for line in table.splitlines()[2:]:
        words = re.findall(r"`([a-z._]+)`", line.split("|")[1] if line.startswith("|") else "")
        family = words[0].partition(".")[0] if words else ""
        named |= {word if "." in word or word == "ping" else f"{family}.{word}" for word in words}
    assert named == set(KINDS)
    assert EventKind.RULE_FORWARD not in named
