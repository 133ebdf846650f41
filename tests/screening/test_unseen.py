"""Texts that were written by people who knew neither rules nor grammars, and that nobody read who worked on those.

``unseen/`` holds them: injections of ten kinds, passages of honest mail that look like them, bare orders to an
assistant, requests among people; mails that would make a mail assistant send a mail, as entrants of a contest try
(``contest``) and as somebody who avoids the well-known phrases does (``mailings``), and honest mail like these. Whoever
works on the score looks at the shares here and not at the texts: once one was looked at to mend it, the set tells
nothing any more. The floors are what is reached, less a little.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from postbox.screening.injection import detect_prompt_injection, is_quarantined
from tests.screening.test_injection import LETTER

FOLDER = Path(__file__).parent / "unseen"


def share(name: str) -> float:
    """The share of a file's texts that is quarantined where they stand in a letter."""
    rows = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]
    texts = [f"{LETTER}{row['text']}\n\n{LETTER}" for row in rows]
    return sum(is_quarantined(detect_prompt_injection(text).score) for text in texts) / len(texts)


@pytest.mark.parametrize(
    ("name", "least"), [("contest", 0.9), ("mailings", 0.79), ("injections", 0.51), ("orders", 0.5)]
)
def test_as_many_attacks_as_are_told_are_caught(name: str, least: float) -> None:
    assert share(name) >= least


@pytest.mark.parametrize(("name", "most"), [("mailing_passages", 0.25), ("passages", 0.1), ("requests", 0.04)])
def test_few_honest_texts_are(name: str, most: float) -> None:
    assert share(name) <= most
