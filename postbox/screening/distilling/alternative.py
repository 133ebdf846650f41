"""multipart/alternative whose two parts do not say the same.

Decides which sentences of the plain part the HTML part does not show. A stub (``your client cannot show HTML``) and
mere rewording cost nothing. It never changes the text that is taken.
"""

from __future__ import annotations

import re

_WORDS = re.compile(r"[^\W_]{2,30}").findall
_NOISE = re.compile(r"\S*(?:https?://|www\.|@|=)\S*")
_SENTENCE = re.compile(r"[.!?:;]\s+|\n\s*\n|\n(?=\s*[-*>])")
_STUB = re.compile(r"\b(?:html|browser|client|viewer|display|webversion|online)\b", re.I).search
_CHARACTERS = 40_000
_LEAST_WORDS = 6
_SUBSTANTIAL_WORDS = 8
_SHARED = 0.34
_STUB_WORDS = 60


def unshown_sentences(plain: str, html_text: str, hidden_text: str = "") -> list[str]:
    """Sentences of the plain part of which hardly a word pair stands in the visible text; empty if they are few."""
    plain = _NOISE.sub(" ", plain[:_CHARACTERS])
    shown = _pairs(_WORDS(html_text[: 4 * _CHARACTERS].lower()))
    if not shown and not html_text.strip():
        return []
    found, total = [], 0
    for sentence in _SENTENCE.split(plain):
        words = _WORDS(sentence.lower())
        if len(words) < _LEAST_WORDS:
            continue
        pairs = _pairs(words)
        if len(pairs & shown) < _SHARED * len(pairs):
            found.append(" ".join(sentence.split()))
            total += len(words)
    if total < _SUBSTANTIAL_WORDS or (total < _STUB_WORDS and all(_STUB(one) for one in found)):
        return []
    return found


def _pairs(words: list[str]) -> set[tuple[str, str]]:
    return set(zip(words, words[1:], strict=False))
