"""Which stretches of a text its writer wrote for this message: no quoted history, no signature.

Decides what is kept: answers between quotes stay, and what is forwarded is the message. It never changes a word; what
it gives are places in the text. Linear in the text's length.
"""

from __future__ import annotations

import re
from enum import Enum

from postbox.mail.parsed import ParsedMail, Places
from postbox.screening.replies import languages
from postbox.screening.replies.sweep import Sweep

_SUBJECT = re.compile(r"\s*(?:\[[^\[\]]{1,60}\]\s*)?([^\W\d_][\w ]{0,14}?)\s*(?:[\[(]\d{1,3}[\])])?\s*[:：]").match
_CITES = ("gmail_quote", 'type="cite"', "type=cite", "yahoo_quoted", "protonmail_quote", "moz-cite-prefix")
_has_word = re.compile(r"\w").search


class Kind(Enum):
    """What the mail's head says that it is."""

    UNKNOWN = "unknown"
    REPLY = "reply"
    FORWARD = "forward"


def kind_of(parsed: ParsedMail) -> Kind:
    """By the subject's prefix, which a forwarding program sets, then by the ids that an answer names."""
    found = _SUBJECT(parsed.subject[:120])
    prefix = found[1].lower() if found else ""
    if prefix in languages.FORWARD_SUBJECTS:
        return Kind.FORWARD
    answers = prefix in languages.REPLY_SUBJECTS or parsed.in_reply_to or parsed.references
    return Kind.REPLY if answers else Kind.UNKNOWN


def own_places(text: str, kind: Kind = Kind.UNKNOWN, html: str = "") -> Places | None:
    """Where the writer's own words stand in a text; None for all of it, nothing where all of it is a quote.

    ``html``: the markup that the text comes from, if any. An indented block of it is a quote only if something else
    says that the mail is an answer, since newsletters indent too.
    """
    lines = text.split("\n")
    quotes = not html or kind is Kind.REPLY or any(sign in html for sign in _CITES)
    sweep = Sweep(lines, forward=kind is Kind.FORWARD, reply=kind is Kind.REPLY, quotes=quotes)
    sweep.history()
    before = bytes(sweep.own)
    sweep.signatures()
    own = sweep.own
    if 0 not in own:
        return None
    if not _says_something(lines, own):
        own = bytearray(before)
        if not _says_something(lines, own):
            return () if sweep.answers or kind is Kind.REPLY else None
    return _places(text, lines, own)


def _says_something(lines: list[str], own: bytearray) -> bool:
    return any(kept and _has_word(line) for line, kept in zip(lines, own, strict=True))


def _places(text: str, lines: list[str], own: bytearray) -> Places:
    """The stretches of own lines, each from its first line with text to its last."""
    found: list[tuple[int, int]] = []
    at = line = 0
    while line < len(lines):
        kept = own[line]
        stop = own.find(1 - kept, line)
        stop = len(lines) if stop < 0 else stop
        length = sum(map(len, lines[line:stop])) + stop - line
        if kept:
            stretch = text[at : at + length]
            blank = length - len(stretch.lstrip())
            if blank < len(stretch):
                found.append((at + stretch.rfind("\n", 0, blank) + 1, at + len(stretch.rstrip())))
        at += length
        line = stop
    return tuple(found)
