"""Every bound on distilling, in one place.

Decides how much of a mail is looked at and for how long. It never decides what is visible: whatever lies beyond a
bound is left out of the text.
"""

from __future__ import annotations

from time import thread_time

HTML_CHARACTERS = 1024 * 1024
TEXT_BYTES = 256 * 1024
HIDDEN_ENTRIES = 200
HIDDEN_CHARACTERS = 4_000
HIDDEN_TOTAL = 64 * 1024
LINKS = 1_000
URL_CHARACTERS = 2_048
LINK_TEXT_CHARACTERS = 500
IMAGES = 500
ALT_CHARACTERS = 1_000
STYLE_RULES = 20_000
SELECTORS_IN_A_RULE = 1_000
SELECTOR_PARTS = 40
QUOTE_DEPTH = 12

SECONDS = 0.15
"""How much processor time one mail may take, at most twice: a busy machine changes nothing of what is judged."""


class Deadline:
    """A moment after which work stops; asked often, so it is only a comparison."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float = SECONDS) -> None:
        self._at = thread_time() + seconds

    def passed(self) -> bool:
        return thread_time() > self._at


class Overrun(Exception):
    """A bound on styles was reached: what they would have hidden is not known."""
