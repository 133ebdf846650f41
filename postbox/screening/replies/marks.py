"""The lines that mail programs put around quoted history: who wrote when, header blocks, separators, signatures.

Decides what one line, with its few neighbours, is. It never decides what is left out (``postbox.screening.replies.own``
does). What is looked at is bounded by a few lines of a few hundred characters, so the work is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from postbox.screening.replies import languages

LINE = 320
"""A longer line is a paragraph, and no mark."""
_ATTRIBUTION_LINES = 4
_HEADER_LINES = 12
_SIGN_OFF = 140
_HEADER_NAME = 32
_AROUND_NAMES = " \t*>|\u00a0\u202a\u202c\u200f"
_ADDRESS = re.compile(r"[^\s<>@]@[\w.-]{2}").search
_TIME = re.compile(r"\b\d{1,2}\s?[:.h時时시]\s?\d{2}|\b\d{1,2} ?[ap]\.?m\b|\d[時时시]", re.I).search
_DATE = re.compile(r"(?:19|20)\d\d|\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2}\b").search
_DIGIT = re.compile(r"\d").search
_RULE = re.compile(r"[-_=*~—–]{3,}\Z").match
_SENTENCE_ENDS = ".!?。！？"
_COLONS = ":："


class Mark(Enum):
    """What stands at a line: the message that was answered, or one that is passed on."""

    HISTORY = "history"
    FORWARD = "forward"


def is_rule(bare: str) -> bool:
    """A line drawn with characters."""
    return bool(_RULE(bare))


def separator(bare: str) -> Mark | None:
    """``-----Original Message-----`` and ``Begin forwarded message:``, in any language; ``bare`` has no outer blank."""
    if len(bare) > 90:
        return None
    words = bare.strip("-_=*~+>—– \t").rstrip(_COLONS + " ").lower()
    drawn = len(bare) - len(words) >= 4
    if words in languages.FORWARDED or (words.startswith("forwarded by ") and drawn):
        return Mark.FORWARD if drawn or bare[-1] in _COLONS else None
    return Mark.HISTORY if drawn and words in languages.ORIGINAL else None


def names_sender(bare: str) -> bool:
    """Whether a line begins as a quoted message's From."""
    return _header_name(bare) in languages.FROM


def header_block(lines: Sequence[str], at: int) -> bool:
    """Whether the line that names a sender is followed by at least two more of a message's header lines."""
    found = 0
    for line in lines[at + 1 : at + _HEADER_LINES]:
        if not line.strip():
            continue
        name = _header_name(line)
        if name in languages.HEADERS:
            found += 1
            if found == 2:
                return True
        elif name is None and not found and len(line) > LINE:
            return False
    return False


def says_sent(lines: Sequence[str], at: int) -> bool:
    """Whether a header block says when its message was sent as only Outlook says it: where others write Date."""
    return any(_header_name(line) in languages.SENT for line in lines[at + 1 : at + 4])


def _header_name(line: str) -> str | None:
    """``*Gesendet:* Montag`` gives ``gesendet``; None where a line begins with no short name and a colon."""
    name, colon, _ = line[:_HEADER_NAME].partition(":")
    if "\uff1a" in name:
        name, colon, _ = name.partition("\uff1a")
    return name.strip(_AROUND_NAMES).lower() if colon else None


def may_introduce(bare: str) -> bool:
    """A quick look at whether a line could end what ``attribution`` finds."""
    return "@" in bare or _DIGIT(bare) is not None or languages.wrote(bare)


def attribution(lines: Sequence[str], last: int, *, quoted: bool) -> int | None:
    """Where the words begin that say who wrote what follows, and which end with line ``last``; None if they do not.

    ``quoted``: what follows is marked as a quote. Where it is not, a writer's address and a date are asked for, because
    all that follows is then taken for history.
    """
    line = lines[last].strip()
    if len(line) > LINE or not (line[-1] in _COLONS or (quoted and _DIGIT(line) and languages.wrote(line))):
        return None
    block = [line]
    for before in range(last, max(last - _ATTRIBUTION_LINES, -1), -1):
        if before < last:
            bare = lines[before].strip()
            if not bare or bare[0] == ">" or len(bare) > LINE or bare[-1] in _SENTENCE_ENDS[:3] and not _DIGIT(bare):
                break
            block.insert(0, bare)
        if languages.BEGINS(block[0]) and _DIGIT(block[0]) and _says_who(" ".join(block), quoted):
            return before
    if _says_who(line, quoted) and (not quoted or len(block) < 3 or _ADDRESS(line) or _TIME(line)):
        return last
    if 1 < len(block) <= _ATTRIBUTION_LINES and _DIGIT(block[0]) and _says_who(" ".join(block), False):
        return last - len(block) + 1
    return None


def _says_who(words: str, quoted: bool) -> bool:
    address, dated = "@" in words and _ADDRESS(words) is not None, _DATE(words) is not None
    timed = (address or dated) and _TIME(words) is not None
    if address and (dated or timed):
        return True
    if quoted:
        return timed or languages.wrote(words)
    return (address or timed) and languages.wrote(words)


def signs_off(bare: str) -> bool:
    """Whether a line is what a telephone or a program signs with."""
    return len(bare) <= _SIGN_OFF and languages.may_sign_off(bare.lower()) and languages.MOBILE(bare) is not None


def is_list_footer(lines: Sequence[str]) -> bool:
    """Whether the lines after a drawn rule are what a mailing list adds."""
    words = " ".join(lines).lower()
    return len(words) <= 600 and ("http" in words or "@" in words) and ("list" in words or "sponsored by" in words)
