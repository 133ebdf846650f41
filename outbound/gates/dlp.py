"""Gate ``dlp``: numbers and keys that must not leave by mail.

Decides by the policy of the address that is written from: reported, masked or removed in the draft (which is then
composed anew), held for a person, or refused so that the agent can write it otherwise. HTML with tags inside a number
goes as plain text; an attachment, whose text cannot be masked, has the message held.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from outbound.draft import Draft
from outbound.gates.case import Attempt, Refused
from postbox.lib.kept import Kept
from postbox.mail.models import Outcome
from postbox.screening.case import Verdict
from postbox.screening.dlp.findings import Spot, in_words
from postbox.screening.dlp.markup import as_text, words_of
from postbox.screening.dlp.masking import Mask
from postbox.screening.dlp.scan import Own, TooMany, find, holds_anything, own_patterns
from postbox.screening.policy import Checks, policies_of
from postbox.screening.steps.dlp import found_in, in_files

name = "dlp"
_POLICY_SECONDS = 5.0
_policies: Kept[uuid.UUID, Checks] = Kept(_POLICY_SECONDS)


class SensitiveContent(Refused):
    code = "sensitive_content"
    message = "The message holds what this address may not send."
    fix = "Write it without these numbers and keys, or ask the owner to send them another way."


def check(attempt: Attempt) -> Verdict:
    checks = _checks(attempt.sender.address_id)
    action = checks.dlp_outbound
    if action == "off":
        return Verdict(name, Outcome.SKIP, "off", "The policy of this address does not ask for it.")
    try:
        return _looked_through(attempt, action, own_patterns(checks.dlp_patterns))
    except TooMany:
        return Verdict(name, Outcome.HOLD, "too_many", "It holds more numbers or keys than are looked at one by one.")


def _checks(address_id: uuid.UUID) -> Checks:
    """The settings of the address, at most some seconds old."""
    known = _policies.get(address_id)
    return known or _policies.put(address_id, policies_of([address_id])[address_id].checks)


def _looked_through(attempt: Attempt, action: str, own: Own) -> Verdict:
    draft = attempt.draft
    spots = _spots(draft, own)
    files = [spot for found in in_files(tuple(file.content for file in draft.attachments), own) for spot in found]
    if not spots and not files:
        return Verdict(name, Outcome.PASS, "clean", "No card or account number and no key was found.")
    words = f"It holds {in_words([*spots, *files])}"
    if action == "refuse":
        raise SensitiveContent(f"{words}; this address may not send that.")
    if action == "report":
        return Verdict(name, Outcome.FLAG, "reported", f"{words}. It is reported only.")
    if action == "quarantine":
        return Verdict(name, Outcome.HOLD, "sensitive", f"{words}; a person has to look at it.")
    attempt.draft = _masked(
        draft, Mask(own, [(kind, value) for kind, _, value in spots], remove=action == "remove"), own
    )
    if files:
        return Verdict(name, Outcome.HOLD, "not_masked", f"{words} in attachments, too, where it cannot be masked.")
    did = "masked" if action == "mask" else "removed"
    return Verdict(name, Outcome.FLAG, did, f"{words}. It was {did}.")


def _spots(draft: Draft, own: Own) -> list[Spot]:
    """One pass over all texts; of HTML its words too, because tags and entities may stand inside a number."""
    texts = [draft.subject, draft.text, *(file.name for file in draft.attachments)]
    texts += [recipient.box.name for recipient in draft.recipients]
    if draft.html:
        texts += [draft.html, words_of(draft.html)]
    if not holds_anything("\n".join(texts).encode("utf-8", "replace"), own):
        return []
    return [spot for text in texts for spot in found_in(text.encode("utf-8", "replace"), own)]


def _masked(draft: Draft, mask: Mask, own: Own) -> Draft:
    if draft.html and find(words_of(mask(draft.html)).encode("utf-8", "replace"), own):
        draft = replace(draft, html="", text=draft.text or as_text(draft.html))
    recipients = tuple(replace(one, box=replace(one.box, name=mask(one.box.name))) for one in draft.recipients)
    return replace(
        draft,
        recipients=recipients,
        subject=mask(draft.subject),
        text=mask(draft.text),
        html=mask(draft.html),
        attachments=tuple(replace(file, name=mask(file.name)) for file in draft.attachments),
    )


def forget() -> None:
    """Drop what this process keeps."""
    _policies.clear()
