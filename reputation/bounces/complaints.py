"""Complaints: feedback reports (RFC 5965) and those that only tell in words.

Decides that a recipient complained, and of what kind: the report's feedback type. A complaint is never a bounce.
"""

from __future__ import annotations

import re

from reputation.bounces.addresses import addresses
from reputation.bounces.bounce import Bounce, Kind
from reputation.bounces.letter import Letter
from reputation.bounces.reasons import Reason

_FIELD = re.compile(r"^[ \t]{0,4}([A-Za-z][A-Za-z-]{1,40})[ \t]*:[ \t]*(.*)$", re.M)
_RECIPIENT = ("original-rcpt-to", "removal-recipient", "redacted-address", "x-original-rcpt-to")
_WORDS = re.compile(r"this is an? (?:e-?mail )?(?:abuse|spam|feedback) report|abuse report for an email message", re.I)
# Of reports that only enclose the mail, such as those of Microsoft's JMRP.
_SUBJECT = re.compile(
    r"\b(?:complaint about message from|e-?mail feedback report|spam complaint|abuse complaint)\b", re.I
)
_OPENING_CHARACTERS = 2000
RECIPIENTS = 100
_REPORT = frozenset({"feedback-type", "user-agent", "version"})  # those that each must have (RFC 5965, section 3.1)


def read(letter: Letter) -> list[Bounce]:
    """A complaint for each recipient that a feedback report names; empty when it is none."""
    report = _report(letter)
    if report is None:
        return []
    values: dict[str, list[str]] = {}
    for name, value in _FIELD.findall(report):
        values.setdefault(name.lower(), []).append(value.strip())
    feedback = next(iter(values.get("feedback-type", [])), "abuse").lower()[:40]
    named = [address for name in _RECIPIENT for value in values.get(name, []) for address in addresses(value)]
    named = list(dict.fromkeys(named)) or _of_original(letter) or [""]
    return [Bounce(Kind.COMPLAINT, who, reason=Reason.FEEDBACK, action=feedback) for who in named[:RECIPIENTS]]


def _report(letter: Letter) -> str | None:
    for kind, text in letter.reports:
        if kind == "message/feedback-report":
            return text
    fields = {name.lower() for name, _ in _FIELD.findall(letter.text)}
    if letter.parameters.get("report-type", "").lower() == "feedback-report" or fields >= _REPORT:
        return letter.text
    told = _SUBJECT.search(letter.field("subject")[:500]) or _WORDS.search(letter.text[:_OPENING_CHARACTERS])
    if told or letter.of_original("x-hmxmroriginalrecipient"):
        return letter.text if letter.original else None
    return None


def _of_original(letter: Letter) -> list[str]:
    for name in ("x-hmxmroriginalrecipient", "x-original-to", "delivered-to", "to"):
        found = addresses(letter.of_original(name))
        if found:
            return found[:1]
    return []
