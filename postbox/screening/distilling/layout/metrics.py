"""How wide text is, near enough to tell a line from the next.

Decides advances in parts of the font size. It knows no font: a common serif face stands for all.
"""

from __future__ import annotations

from functools import lru_cache

LINE = 1.15
SPACE = 0.25
_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[]-`\""), frozenset("mwMW@%")


@lru_cache(maxsize=8192)
def advance(word: str) -> float:
    """The width of a word in font sizes."""
    if len(word) > 200:
        return 0.5 * len(word)
    total = 0.0
    for sign in word:
        if sign in _NARROW:
            total += 0.3
        elif sign in _WIDE:
            total += 0.82
        elif sign >= "\u1100":
            total += 1.0
        else:
            total += 0.68 if sign.isupper() else 0.47
    return total
