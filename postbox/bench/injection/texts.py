"""Attacks and honest texts made by the grammars, in numbers that are the same in every run.

Decides how many of each kind are made and how their letters vary. None of it comes from a corpus.
"""

from __future__ import annotations

import random
from typing import Final

from postbox.bench.injection.grammar import FOLDER, Grammar

ACTS: Final = (
    "book", "event", "chat", "message", "pay", "account", "file", "share", "link", "user", "buy", "house", "health",
    "code", "review",
)  # fmt: skip
LANGUAGES: Final = ("de", "fr", "es", "pt", "it", "zh", "hi", "vi")
ATTACKS: Final[dict[str, int]] = {
    "goal_sentence": 3600,
    "wrapped": 3600,
    "override": 1500,
    "persona": 900,
    "jailbreak": 1500,
    "extract": 2000,
    "hijack": 2000,
    "chore_sentence": 5400,
    "wide_sentence": 9000,
    "wide_system": 4500,
    "out_of_place": 6500,
    "act_as": 3000,
    "change_of_subject": 2500,
    "de_role_play": 1500,
    "play": 6000,
    "de_play": 3000,
    "vi_order": 1200,
    "prompt": 8000,
    "de_prompt": 6000,
    "drop_abroad": 1500,
    "aside": 9000,
    "aside_abroad": 7000,
    "framed": 10000,
    "framed_abroad": 8000,
    **{f"{language}_attack": 1400 if language == "de" else 1100 for language in LANGUAGES},
    **{f"order_{act}": 1600 for act in ACTS},
    **{f"{language}_bare": 1600 for language in LANGUAGES},
}
HONEST: Final[dict[str, int]] = {
    "honest": 15000,
    "ask": 9000,
    "howto": 6000,
    "like": 7000,
    "de_like": 1500,
    "aside_honest": 4500,
    "aside_abroad_honest": 2500,
    **{f"{language}_honest": 500 for language in LANGUAGES},
    **{f"{language}_ask": 300 for language in LANGUAGES},
}
_SEED: Final = 7


def attacks(scale: float = 1.0) -> dict[str, list[str]]:
    """Attacks by section of the grammar, each text once."""
    grammar, dice = _grammar(), random.Random(_SEED)  # noqa: S311 (no secret; the same texts in every run)
    return {name: _made(grammar, dice, name, int(count * scale)) for name, count in ATTACKS.items()}


def honest(scale: float = 1.0) -> list[str]:
    """Honest texts that look a little like attacks, each once."""
    grammar, dice = _grammar(), random.Random(_SEED + 1)  # noqa: S311
    return [text for name, count in HONEST.items() for text in _made(grammar, dice, name, int(count * scale))]


def acts(act: str, count: int) -> list[str]:
    """Bare orders of one act and of no other, each once."""
    grammar, dice = _grammar(), random.Random(f"{_SEED}{act}")  # noqa: S311
    return _made(grammar, dice, f"{act}_order", count)


def vary(text: str, dice: random.Random) -> str:
    """The text with a capital at its start, in capitals, in small letters or as it is; perhaps with a full stop."""
    chance = dice.random()
    if chance < 0.6:
        text = text[:1].upper() + text[1:]
    elif chance < 0.65:
        text = text.upper()
    elif chance < 0.7:
        text = text.lower()
    return text + "." if text[-1:].isalnum() and dice.random() < 0.5 else text


def _grammar() -> Grammar:
    return Grammar(*sorted(file.stem for file in FOLDER.glob("*.txt")))


def _made(grammar: Grammar, dice: random.Random, name: str, count: int) -> list[str]:
    return list(dict.fromkeys(vary(grammar.text(name, dice), dice) for _ in range(count)))
