"""SMTP reply codes, enhanced status codes and SMTP commands, as the words of a report hold them.

Decides which of several codes is meant: the one that stands beside the other. It judges none (`reasons` does).
"""

from __future__ import annotations

import re

from reputation.bounces.fragments import pattern, plain

_STATUS = r"[245]\.\d{1,2}\.\d{1,3}"
_BOTH = re.compile(rf"(?<![\w.])([45]\d\d)[ -]{{1,3}}['\"(\[<]{{0,2}}#?({_STATUS})(?![\w])(?!\.\d)")
_ALONE = re.compile(rf"(?<![\w.])({_STATUS})(?![\w-])(?!\.\d)")
_REPLY = re.compile(r"(?<![\w./@-])(?<!\d:)#?([45][0-57]\d)(?=[ \-:;,'\"<\[#]|$)(?!(?: ?[-:/]\d))", re.MULTILINE)
_TALKED = re.compile(
    r"^[ \t]{0,8}>>> ?([A-Z]{4})[^\n]{0,500}\n(?:[^\n]{0,500}\n)?[ \t]{0,8}<<< ?[45]", re.MULTILINE | re.I
)
# In which step of the session the refusal came: what a report says of it in words.
_STEPS = (
    ("DATA", "end of data | after i sent the message | in reply to data | smtp command data | for text command"),
    ("DATA", "after data | data command | after end of message"),
    ("RCPT", r"in reply to rcpt | after rcpt | rcpt command | does not like recipient | was rcpt to response"),
    ("RCPT", r"\[rcpt_to\] | smtp:rcpt"),
    ("MAIL", r"in reply to mail | after mail from | mail command | sender was rejected | \[mail_from\] | smtp:mail"),
    ("EHLO", "in reply to (?:ehlo|helo) | after (?:ehlo|helo) | initial connection | refused to talk"),
    ("EHLO", r"while connected from | \[(?:connect|helo|ehlo)\]"),
    ("RCPT", r"\(state 1[234]\) | smtp command rcpt | rcpt to:"),
    ("DATA", r"\(state 1[5678]\)"),
    ("MAIL", "smtp command mail"),
)
_COMMANDS = tuple((command, pattern(words)) for command, words in _STEPS)
_CHARACTERS = 8000
_KNOWN = frozenset({"RCPT", "DATA", "MAIL", "EHLO", "HELO"})


def reply_of(words: str) -> tuple[str, str]:
    """The SMTP reply and the enhanced status code that words name; each may be empty."""
    both = _BOTH.search(words)
    if both:
        return both[1], both[2]
    reply, alone = _REPLY.search(words), _ALONE.search(words)
    return (reply[1] if reply else ""), (alone[1] if alone else "")


def from_reply(words: str) -> str:
    """Words from the first SMTP reply in them on; empty when there is none."""
    found = _REPLY.search(words)
    return words[found.start() :] if found else ""


def status_of(words: str) -> str:
    """The first enhanced status code; empty when there is none."""
    alone = _ALONE.search(words)
    return alone[1] if alone else ""


def is_vague(status: str) -> bool:
    """Whether a status says no more than that something went wrong."""
    return not status or status.endswith(".0.0")


def command_of(words: str) -> str:
    """The SMTP command that was refused: ``RCPT``, ``DATA``, ``MAIL``, ``EHLO``; empty when the words do not tell."""
    words = words[:_CHARACTERS]
    talked = _TALKED.search(words)
    if talked and talked[1].upper() in _KNOWN:
        return talked[1].upper().replace("HELO", "EHLO")
    lower = plain(words)
    return next((command for command, told in _COMMANDS if told.search(lower)), "")
