"""Why mail comes back: the words for it, the codes and phrases that tell them, and which are for good.

The one table that decides hard or soft. A hard bounce says that the address or its domain is not there, or takes no
mail at all: nothing sent to it again would arrive. All else is soft, refusals of the sender or the content among it.
It reads no mail (`read` does).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from reputation.bounces.codes import is_vague, reply_of
from reputation.bounces.fragments import plain
from reputation.bounces.phrases import PHRASES
from reputation.bounces.unknown import SURELY_UNKNOWN, TAKES_NO_MAIL, UNKNOWN_HOST, UNKNOWN_USER

WORDS_CHARACTERS = 2000  # of one recipient's report that are read
# A gateway's own comment around the reply that it was given: "5.1.0 - Unknown address error 550-'...'".
_WRAPPED = re.compile(r"\b\d\.\d\.\d - [A-Za-z/ -]{3,40} ([45]\d\d)[ -]{1,3}'([^\n']{1,1000})'")
_PASSED_ON = re.compile(r"\bremote server returned [a-z ]{3,60} -> (?=[45]\d\d)", re.I)  # Exchange Online
_LINK = re.compile(r"https?://([^\s<>\"'/]{1,253})[^\s<>\"']*", re.I)
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]{1,256}@[^\s<>()\[\]\"',;:]{1,253}")


class Reason(StrEnum):
    """The words, in use in this field since long; each comment says what it stands for."""

    USER_UNKNOWN = "userunknown"  # no such mailbox
    HOST_UNKNOWN = "hostunknown"  # no such domain
    HAS_MOVED = "hasmoved"  # the mailbox was there once
    NOT_ACCEPT = "notaccept"  # the domain takes no mail (RFC 7505)
    MAILBOX_FULL = "mailboxfull"
    SUSPEND = "suspend"  # the mailbox is there but disabled
    FILTERED = "filtered"  # refused after the content was seen, in the words of an unknown user or of no reason
    EXCEED_LIMIT = "exceedlimit"  # larger than may be
    EXPIRED = "expired"  # given up after many tries
    NETWORK_ERROR = "networkerror"
    SYSTEM_ERROR = "systemerror"
    SYSTEM_FULL = "systemfull"
    MAILER_ERROR = "mailererror"  # a program that delivers failed
    SYNTAX_ERROR = "syntaxerror"
    CONTENT_ERROR = "contenterror"
    NOT_COMPLIANT = "notcompliantrfc"
    SPAM_DETECTED = "spamdetected"
    VIRUS_DETECTED = "virusdetected"
    POLICY_VIOLATION = "policyviolation"
    SECURITY_ERROR = "securityerror"
    AUTH_FAILURE = "authfailure"  # SPF, DKIM or DMARC
    REQUIRE_PTR = "requireptr"  # the sending host has no name
    BAD_REPUTATION = "badreputation"
    BLOCKED = "blocked"  # the sending host is refused
    REJECTED = "rejected"  # the sender's address is refused
    NO_RELAYING = "norelaying"
    TOO_MANY = "toomanyconn"
    SPEEDING = "speeding"
    ON_HOLD = "onhold"  # a failure that says not why
    DELIVERED = "delivered"
    FEEDBACK = "feedback"
    VACATION = "vacation"


HARD = frozenset({Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN, Reason.HAS_MOVED, Reason.NOT_ACCEPT})

# Enhanced status codes (RFC 3463 and IANA's registry) by subject and detail.
CODES = {
    "1.0": Reason.USER_UNKNOWN,
    "1.1": Reason.USER_UNKNOWN,
    "1.2": Reason.HOST_UNKNOWN,
    "1.3": Reason.USER_UNKNOWN,
    "1.4": Reason.FILTERED,
    "1.6": Reason.HAS_MOVED,
    "1.7": Reason.REJECTED,
    "1.8": Reason.REJECTED,
    "1.9": Reason.SYSTEM_ERROR,
    "1.10": Reason.NOT_ACCEPT,
    "2.0": Reason.FILTERED,
    "2.1": Reason.FILTERED,
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.EXCEED_LIMIT,
    "2.4": Reason.FILTERED,
    "3.0": Reason.SYSTEM_ERROR,
    "3.1": Reason.SYSTEM_FULL,
    "3.2": Reason.NOT_ACCEPT,
    "3.3": Reason.SYSTEM_ERROR,
    "3.4": Reason.EXCEED_LIMIT,
    "3.5": Reason.SYSTEM_ERROR,
    "4.0": Reason.NETWORK_ERROR,
    "4.1": Reason.NETWORK_ERROR,
    "4.2": Reason.NETWORK_ERROR,
    "4.3": Reason.SYSTEM_ERROR,
    "4.4": Reason.HOST_UNKNOWN,
    "4.5": Reason.NETWORK_ERROR,
    "4.6": Reason.NETWORK_ERROR,
    "4.7": Reason.EXPIRED,
    "4.310": Reason.HOST_UNKNOWN,  # Exchange Online: the domain is not in DNS
    "7.1": Reason.SECURITY_ERROR,
    "7.13": Reason.SUSPEND,
    "7.17": Reason.HAS_MOVED,  # RFC 7293: somebody else has the mailbox now
    "7.18": Reason.HAS_MOVED,
    "7.20": Reason.AUTH_FAILURE,
    "7.21": Reason.AUTH_FAILURE,
    "7.22": Reason.AUTH_FAILURE,
    "7.23": Reason.AUTH_FAILURE,
    "7.24": Reason.AUTH_FAILURE,
    "7.25": Reason.REQUIRE_PTR,
    "7.26": Reason.AUTH_FAILURE,
    "7.27": Reason.REJECTED,
}
SUBJECTS = {"5": Reason.SYNTAX_ERROR, "6": Reason.CONTENT_ERROR, "7": Reason.SECURITY_ERROR}

# What providers call a bounce in their webhooks, and django-anymail's reject reasons: true is for good.
PROVIDER_TYPES = {
    "hardbounce": True,
    "hard_bounce": True,
    "hard": True,
    "permanent": True,
    "bademailaddress": True,
    "invalid": True,
    "spamcomplaint": False,
    "softbounce": False,
    "soft_bounce": False,
    "soft": False,
    "transient": False,
    "temporary": False,
    "dnserror": False,
}

REPLIES = {
    "421": Reason.NETWORK_ERROR,
    "450": Reason.ON_HOLD,
    "452": Reason.SYSTEM_FULL,
    "500": Reason.SYNTAX_ERROR,
    "501": Reason.SYNTAX_ERROR,
    "502": Reason.SYNTAX_ERROR,
    "503": Reason.SYNTAX_ERROR,
    "504": Reason.SYNTAX_ERROR,
    "521": Reason.NOT_ACCEPT,
    "530": Reason.SECURITY_ERROR,
    "535": Reason.SECURITY_ERROR,
    "552": Reason.EXCEED_LIMIT,
    "556": Reason.NOT_ACCEPT,
}

# What is asked first. A full mailbox with the code of an unknown one is full; a refused sender is no unknown recipient.
BEFORE_RECIPIENT = (
    Reason.FILTERED,
    Reason.MAILBOX_FULL,
    Reason.EXCEED_LIMIT,
    Reason.SUSPEND,
    Reason.HAS_MOVED,
    Reason.NO_RELAYING,
)
BEFORE_CODES = (
    Reason.AUTH_FAILURE,
    Reason.REQUIRE_PTR,
    Reason.BAD_REPUTATION,
    Reason.VIRUS_DETECTED,
    Reason.SPAM_DETECTED,
    Reason.POLICY_VIOLATION,
    Reason.TOO_MANY,
    Reason.SPEEDING,
    Reason.BLOCKED,
    Reason.REJECTED,
)
AFTER_CODES = (
    Reason.NOT_COMPLIANT,
    Reason.SECURITY_ERROR,
    Reason.EXPIRED,
    Reason.NETWORK_ERROR,
    Reason.SYSTEM_FULL,
    Reason.SYSTEM_ERROR,
    Reason.MAILER_ERROR,
    Reason.CONTENT_ERROR,
    Reason.SYNTAX_ERROR,
)
# Told so vaguely that other words of the same report may tell more.
WEAK = frozenset({Reason.ON_HOLD, Reason.SYSTEM_ERROR, Reason.SYNTAX_ERROR, Reason.FILTERED, Reason.SECURITY_ERROR})
# Codes that name the recipient as what is wrong.
RECIPIENT_CODES = frozenset({"1.0", "1.1", "1.2", "1.3", "1.6", "1.10"})
# What a name server said that is no answer, though a status may call it one.
_NO_ANSWER = re.compile(r"malformed|try again|temporar|loop|route to host")

_WORDS = frozenset(Reason)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why, in a word; the codes that said so; and whether for good."""

    reason: Reason
    status: str
    reply: str
    hard: bool


def is_hard_bounce(reason: str) -> bool:
    """Whether nothing sent to the address again would arrive.

    ``reason`` is a word of `Reason`, a provider's bounce type (``HardBounce``), an enhanced status code, or the words
    of an SMTP reply.
    """
    word = reason.strip().lower()
    if word in PROVIDER_TYPES:
        return PROVIDER_TYPES[word]
    if word in _WORDS:
        return Reason(word) in HARD
    return classify(reason, command="RCPT").hard


def classify(words: str, *, status: str = "", command: str = "", final: bool = True) -> Verdict:
    """What the words of a refusal mean, with the report's status and the SMTP command that was refused.

    ``final`` is false for a delay, which is never hard.
    """
    words = _WRAPPED.sub(r"\1 \2", words[:WORDS_CHARACTERS])
    passed_on = _PASSED_ON.search(words)
    words = words[passed_on.end() :] if passed_on else words
    reply, said = reply_of(words)
    if not is_vague(said) or not status:
        status = said or status
    text = _plain(words)
    reason = _reason(text, status, reply, command)
    passing = (reply or status)[:1] == "4" and not (reason is Reason.USER_UNKNOWN and _names_user(text))
    return Verdict(reason, status, reply, final and reason in HARD and not passing)


def _reason(text: str, status: str, reply: str, command: str) -> Reason:
    detail = status[2:]
    early = command in ("EHLO", "MAIL")
    for reason in BEFORE_RECIPIENT:
        if PHRASES[reason].search(text):
            return reason
    unknown = not early and _names_user(text)
    if unknown and detail in RECIPIENT_CODES:
        return Reason.USER_UNKNOWN
    for reason in BEFORE_CODES:
        if PHRASES[reason].search(text):
            return reason
    if unknown:
        # Without a reply no other system spoke: the one that tells knows its own users.
        sure = command == "RCPT" or not (reply or status) or (detail[:2] != "2." and SURELY_UNKNOWN.search(text))
        return Reason.USER_UNKNOWN if sure else Reason.FILTERED
    if early:
        return _stage(text, command)
    if TAKES_NO_MAIL.search(text):
        return Reason.NOT_ACCEPT
    if UNKNOWN_HOST.search(text):
        passing = status[:1] == "4" or reply[:1] == "4" or "not found, try again" in text
        return Reason.NETWORK_ERROR if passing else Reason.HOST_UNKNOWN
    if detail in RECIPIENT_CODES and (reply or status)[0] != "4":
        return CODES[detail]
    if status == "5.4.4" and not _NO_ANSWER.search(text):
        return CODES[detail]
    for reason in AFTER_CODES:
        if PHRASES[reason].search(text):
            return reason
    return _by_code(status, reply)


def _names_user(text: str) -> bool:
    """Whether an unknown user is named, and no unknown host before it."""
    user, host = UNKNOWN_USER.search(text), UNKNOWN_HOST.search(text)
    return user is not None and (host is None or user.start() < host.start())


def _stage(text: str, command: str) -> Reason:
    """A refusal before any recipient was named: it is the sender's."""
    for reason in AFTER_CODES:
        if PHRASES[reason].search(text):
            return reason
    return Reason.BLOCKED if command == "EHLO" else Reason.REJECTED


def _by_code(status: str, reply: str) -> Reason:
    if status[2:] in CODES:
        return CODES[status[2:]]
    if reply in REPLIES:
        return REPLIES[reply]
    return SUBJECTS.get(status[2:3], Reason.ON_HOLD)


def _plain(words: str) -> str:
    """Lower-case words in one line, without addresses and links: those say what they like."""
    text = _LINK.sub(r" \1 ", words)
    text = _ADDRESS.sub("@", text)
    return plain(text)
