"""Delivery status notifications (RFC 3464), well-formed or not.

Decides what each recipient's group of fields says. Where the fields tell less than the words above them, the words of
that recipient are read too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from reputation.bounces.addresses import addresses
from reputation.bounces.bounce import Bounce, Kind
from reputation.bounces.codes import command_of, status_of
from reputation.bounces.letter import Letter, groups
from reputation.bounces.prose import blocks
from reputation.bounces.reasons import HARD, WEAK, Reason, Verdict, classify

RECIPIENTS = 100
_FIELD = re.compile(r"[ \t]{0,4}([A-Za-z][A-Za-z0-9-]{1,40})[ \t]*:[ \t]*(.*)")
_DONE = frozenset({"delivered", "relayed", "expanded", "deliverable"})
_RECIPIENT = ("final-recipient", "original-recipient")
_LINES = 2000
# What PowerMTA sorted the reply as (X-PowerMTA-BounceCategory).
_CATEGORIES = {
    "bad-mailbox": Reason.USER_UNKNOWN,
    "bad-domain": Reason.HOST_UNKNOWN,
    "inactive-mailbox": Reason.SUSPEND,
    "quota-issues": Reason.MAILBOX_FULL,
    "message-expired": Reason.EXPIRED,
    "spam-related": Reason.SPAM_DETECTED,
    "virus-related": Reason.VIRUS_DETECTED,
    "policy-related": Reason.POLICY_VIOLATION,
    "relaying-issues": Reason.NO_RELAYING,
    "invalid-sender": Reason.REJECTED,
    "routing-errors": Reason.NETWORK_ERROR,
    "bad-connection": Reason.NETWORK_ERROR,
    "no-answer-from-host": Reason.NETWORK_ERROR,
}


@dataclass(slots=True)
class _Group:
    values: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def recipient(self) -> str:
        """The address that failed, else the one that was mailed; a program or file is neither."""
        for name in _RECIPIENT:
            _, _, value = self.get(name).rpartition(";")
            found = addresses(value)
            if len(found) == 1 and not value.strip().startswith(("|", "/")):
                return found[0]
        return ""


def read(letter: Letter) -> list[Bounce]:
    """A bounce or a notice of delivery for each recipient that the report's fields name."""
    text = groups(letter)
    if not text:
        return []
    found = _groups(text)[:RECIPIENTS]
    told = blocks(letter) if letter.text.strip() else {}
    return [_bounce(group, told, len(found) == 1, letter) for group in found]


def _groups(text: str) -> list[_Group]:
    """The fields of each recipient, unfolded; a group ends where a field comes again or a line is empty."""
    found: list[_Group] = []
    group, last = _Group(), ""
    for line in text.split("\n", _LINES)[:_LINES]:
        match = _FIELD.fullmatch(line)
        if not line.strip():
            _close(found, group)
            group, last = _Group(), ""
        elif line[:1] in (" ", "\t") and last and not (match and match[1].lower() in _RECIPIENT):
            group.values[last] += " " + line.strip()
        elif match:
            last = match[1].lower()
            if last in group.values and last in ("final-recipient", "action"):
                _close(found, group)
                group = _Group()
            group.values.setdefault(last, match[2].strip())
    _close(found, group)
    return found


def _close(found: list[_Group], group: _Group) -> None:
    if any(group.get(name) for name in _RECIPIENT):
        found.append(group)


def _bounce(group: _Group, told: dict[str, str], single: bool, letter: Letter) -> Bounce:
    action = group.get("action").split()[0].lower().strip(";,") if group.get("action") else ""
    recipient = group.recipient() or _only(told) or next(iter(addresses(letter.field("x-failed-recipients"))), "")
    diagnostic = _diagnostic(group.get("diagnostic-code"))
    status = status_of(group.get("status"))
    if action in _DONE or (not action and status.startswith("2")):
        return Bounce(Kind.NONE, recipient, status=status, reason=Reason.DELIVERED, action=action, detail=diagnostic)
    words = told.get(recipient.lower(), "") or (letter.text if single else "")
    verdict = _verdict(diagnostic, status, words, group.get("status"), action)
    if verdict.reason in WEAK and (sorted_as := _CATEGORIES.get(group.get("x-powermta-bouncecategory").lower())):
        verdict = replace(verdict, reason=sorted_as, hard=sorted_as in HARD and action != "delayed")
    return Bounce(
        Kind.BOUNCE,
        recipient,
        verdict.hard,
        verdict.status,
        verdict.reply,
        verdict.reason,
        action,
        (diagnostic or " ".join(words.split()))[:500],
    )


def _verdict(diagnostic: str, status: str, words: str, status_line: str, action: str) -> Verdict:
    """The diagnostic's reason; where it tells none, that of the words above it, then of the status's own comment."""
    command, final = command_of(words) or command_of(diagnostic), action != "delayed"
    verdict = classify(diagnostic or status_line, status=status, command=command, final=final)
    if verdict.reason in WEAK and words.strip():
        other = classify(f"{diagnostic}\n{words}", status=verdict.status, command=command, final=final)
        if verdict.reason is Reason.FILTERED:
            verdict = other if other.reason is Reason.USER_UNKNOWN else verdict
        elif other.reason not in WEAK or verdict.reason is Reason.ON_HOLD or other.reason is Reason.FILTERED:
            verdict = other
    if verdict.reason is Reason.ON_HOLD and action in ("delayed", "expired"):
        verdict = Verdict(Reason.EXPIRED, verdict.status, verdict.reply, hard=False)
    return verdict


def _diagnostic(value: str) -> str:
    kind, semicolon, words = value.partition(";")
    return words.strip() if semicolon and " " not in kind.strip() else value.strip()


def _only(told: dict[str, str]) -> str:
    return next(iter(told)) if len(told) == 1 else ""
