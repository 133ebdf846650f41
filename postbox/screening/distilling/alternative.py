"""multipart/alternative whose two parts do not say the same.

Decides which sentences of the plain part the HTML part does not show. A stub (``your client cannot show HTML``) and
mere rewording cost nothing. It never changes the text that is taken.
"""

from __future__ import annotations

import re

_WORDS = re.compile(r"[^\W_]{2,30}").findall
_NOISE = re.compile(r"\S*(?:https?://|www\.|@|=)\S*")
_SENTENCE = re.compile(r"[.!?:;]\s+|\n\s*\n|\n(?=\s*[-*>])")
_STUB = re.compile(
    r"\b(?:html|browser|webversion|online version|e?mail (?:client|program|reader|application|system)|plain text"
    r"|unsubscribe\w*|(?:un)?subscribed|(?:view|see|seeing|reading|sent) this|full.colou?r|navegador|abmelden)\b",
    re.I,
).search
_CODE = re.compile(r"[{}<>]").search
_CHARACTERS = 40_000
_LEAST_WORDS = 6
_SUBSTANTIAL_WORDS = 10
_SUBSTANTIAL_BESIDE_A_STUB = 24
_SHARED = 0.34


def unshown_sentences(plain: str, html_text: str) -> list[str]:
    """Sentences of the plain part of which hardly a word pair stands in the visible text; empty if they are few."""
    plain = _NOISE.sub(" ", plain[:_CHARACTERS])
    shown = _pairs(_WORDS(html_text[: 4 * _CHARACTERS].lower()))
    if not shown and not html_text.strip():
        return []
    found, total, least = [], 0, _SUBSTANTIAL_WORDS
    for sentence in _SENTENCE.split(plain):
        words = _WORDS(sentence.lower())
        if len(words) < _LEAST_WORDS or _CODE(sentence):
            continue
        if _STUB(sentence):
            least = _SUBSTANTIAL_BESIDE_A_STUB
            continue
        pairs = _pairs(words)
        if len(pairs & shown) < _SHARED * len(pairs):
            found.append(" ".join(sentence.split()))
            total += len(words)
    return found if total >= least else []


def _pairs(words: list[str]) -> set[tuple[str, str]]:
    return set(zip(words, words[1:], strict=False))
