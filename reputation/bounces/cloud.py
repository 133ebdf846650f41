"""Bounces and complaints that Amazon SES reports by mail as JSON (its SNS notifications).

Decides what such a notification says of each recipient.
"""

from __future__ import annotations

import json
import re

from reputation.bounces.addresses import tidy
from reputation.bounces.bounce import Bounce, Kind
from reputation.bounces.letter import Letter
from reputation.bounces.reasons import Reason, classify

_KIND = re.compile(r"\\?\"(?:notificationType|eventType)\\?\"\s{0,3}:\s{0,3}\\?\"(Bounce|Complaint|Delivery)\\?\"")
_OBJECT = re.compile(r"\{[^{}]{0,4000}\}")
_ID = re.compile(r"\"messageId\"\s{0,3}:\s{0,3}\"([^\"\s]{1,200})\"")
_FEEDBACK = re.compile(r"\"complaintFeedbackType\"\s{0,3}:\s{0,3}\"([\w-]{1,40})\"")
RECIPIENTS = 100


def read(letter: Letter) -> list[Bounce]:
    """A row for each recipient of a notification; empty when it is none."""
    kind = _KIND.search(letter.text)
    if not kind:
        return []
    # Mailers cut its one long line; a blank in place of a cut would break a word.
    text = letter.text.replace("\n ", "").replace("\n", "").replace('\\"', '"')
    people = [
        person for match in _OBJECT.finditer(text) if "emailAddress" in match[0] and (person := _object(match[0]))
    ]
    feedback = _FEEDBACK.search(text)
    bounces = []
    for person in people[:RECIPIENTS]:
        who = tidy(str(person["emailAddress"]))
        if kind[1] == "Complaint":
            action = feedback[1].lower() if feedback else "abuse"
            bounces.append(Bounce(Kind.COMPLAINT, who, reason=Reason.FEEDBACK, action=action))
        elif kind[1] == "Bounce":
            bounces.append(_bounce(who, person))
    if bounces or kind[1] != "Delivery":
        return bounces
    return [Bounce(Kind.NONE, reason=Reason.DELIVERED)]


def _bounce(who: str, person: dict[str, object]) -> Bounce:
    diagnostic = str(person.get("diagnosticCode", ""))
    words = diagnostic.partition(";")[2].strip() or diagnostic
    action = str(person.get("action", ""))[:40]
    verdict = classify(words, status=str(person.get("status", "")), command="", final=action != "delayed")
    return Bounce(Kind.BOUNCE, who, verdict.hard, verdict.status, verdict.reply, verdict.reason, action, words[:500])


def _object(text: str) -> dict[str, object] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "emailAddress" in found else None
