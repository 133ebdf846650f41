"""Step ``dlp``: numbers and keys that must not travel by mail, before the agent sees it.

Decides by the policy of the address: reported, masked, removed, or the mail held. Where masking or removing is on,
nothing of what was found stands in anything that is shown, sent on, indexed or said about the mail from here on; the
raw mail stays as it came, sealed. What cannot be masked, an attachment's text, is not handed out. A mail that could not
be looked through shows nothing.
"""

from __future__ import annotations

from dataclasses import replace

from postbox.mail.models import Outcome
from postbox.screening.case import Case, Verdict
from postbox.screening.dlp.files import texts_of as texts_of_files
from postbox.screening.dlp.findings import Spot, in_words
from postbox.screening.dlp.masking import REMOVED, Mask
from postbox.screening.dlp.scan import Own, TooMany, find, holds_anything, own_patterns
from postbox.screening.dlp.shown import changed, texts_of
from postbox.screening.policy import Checks

name = "dlp"
_REDACTS = frozenset({"mask", "remove"})
_CODES = {"report": "reported", "mask": "masked", "remove": "removed", "quarantine": "sensitive"}
_DID = {
    "report": "It is reported only.",
    "mask": "It was masked.",
    "remove": "It was removed.",
    "quarantine": "The mail is held.",
}


def check(case: Case) -> Verdict:
    action = case.policy.checks.dlp
    if case.parsed is None:
        return Verdict(name, Outcome.SKIP, "not_parsed", "There is no text to look through.")
    if action == "off":
        return Verdict(name, Outcome.SKIP, "off", "The policy of this address does not ask for it.")
    try:
        return _looked_through(case, action)
    except TooMany:
        if action in _REDACTS:
            _blank(case)
        return Verdict(
            name, Outcome.QUARANTINE, "too_many", "It holds more numbers or keys than are masked one by one."
        )
    except BaseException:  # the deadline's signal too: what was not looked through is not shown
        if action in _REDACTS:
            _blank(case)
        raise


def _looked_through(case: Case, action: str) -> Verdict:
    own = own_patterns(case.policy.checks.dlp_patterns)
    spots = _spots(case, own)
    files = [(number, found) for number, found in enumerate(in_files(case.files, own), 1) if found]
    if not spots and not files:
        return Verdict(name, Outcome.PASS, "clean", "No card or account number and no key was found.")
    if action in _REDACTS and spots:
        mask = Mask(own, [(kind, value) for kind, _, value in spots], remove=action == "remove")
        changed(case, mask, mask.identifier)
    outcome = Outcome.QUARANTINE if action == "quarantine" else Outcome.FLAG
    return Verdict(name, outcome, _CODES[action], _reason(spots, files, action))


def withholds(checks: Checks, octets: bytes) -> bool:
    """Whether an attachment is kept from the agent: its text holds what the policy would mask, and cannot be masked."""
    if checks.dlp not in _REDACTS:
        return False
    try:
        return any(in_files((octets,), own_patterns(checks.dlp_patterns)))
    except TooMany:
        return True


def guard(case: Case) -> None:
    """Before a mail is written down: where redaction is on and this step did not come to its end, nothing is shown."""
    if case.policy.checks.dlp not in _REDACTS:
        return
    if not any(verdict.step == name and verdict.outcome != Outcome.ERROR for verdict in case.verdicts):
        _blank(case)
    if case.traceback:
        case.traceback = _masked_words(case.traceback, case)


def in_files(files: tuple[bytes, ...], own: Own) -> list[list[Spot]]:
    """What was found in each attachment that reads as text. Raises TooMany."""
    return [found_in(text, own) if text else [] for text in texts_of_files(files)]


def _spots(case: Case, own: Own) -> list[Spot]:
    """One pass over everything that is shown; the exact look, text by text, only where it stopped."""
    texts = list(texts_of(case))
    if not holds_anything("\n".join(texts).encode("utf-8", "replace"), own):
        return []
    return [spot for text in texts for spot in found_in(text.encode("utf-8", "replace"), own)]


def found_in(text: bytes, own: Own) -> list[Spot]:
    """What was found in one text. Raises TooMany."""
    return [(one.kind, one.name, text[one.begin : one.end]) for one in find(text, own)]


def _reason(spots: list[Spot], files: list[tuple[int, list[Spot]]], action: str) -> str:
    words = [f"It holds {in_words(spots)}. {_DID[action]}"] if spots else []
    for number, found in files:
        withheld = ", and is not handed out" if action in _REDACTS else ""
        words.append(f"Attachment {number} holds {in_words(found)}{withheld}.")
    return " ".join(words)


def _blank(case: Case) -> None:
    """Take out every text, because none is known to be clean."""
    changed(case, lambda text: REMOVED if text else "", lambda text: text)
    case.distilled = replace(case.distilled, links=(), own=None)


def _masked_words(text: str, case: Case) -> str:
    try:
        return Mask(own_patterns(case.policy.checks.dlp_patterns), (), remove=True)(text)
    except TooMany:
        return REMOVED
