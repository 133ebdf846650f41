"""Step ``attachments``: what a mail's attachments really are, what they hold, and what a virus scanner says of them.

Decides by the policy of the address what follows: flagged, quarantined or refused. Where a scanner is configured and
gives no answer, the mail is held. A mail without attachments costs nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from django.conf import settings

from postbox.lib.clamd import Scanner, Target, Unavailable
from postbox.mail.models import Outcome
from postbox.mail.parsed import AttachmentPart, ParsedMail
from postbox.screening.case import Case, Verdict
from postbox.screening.files.concerns import Budget, Concern
from postbox.screening.files.look import look
from postbox.screening.policy import Checks

name = "attachments"
_MIB = 1024 * 1024
_SCAN_SECONDS = 4.0
_OUTCOMES = {"flag": Outcome.FLAG, "quarantine": Outcome.QUARANTINE, "refuse": Outcome.REFUSE}
_GRAVITY = (Outcome.FLAG, Outcome.QUARANTINE, Outcome.REFUSE)
_NONE = Verdict(name, Outcome.PASS, "none", "It has no attachments.")
_MOST_WORDS = 20
_DISGUISED = "name_disguised"  # a defect of postbox.ingest

Found = tuple[Outcome, str, str]
"""What follows from one thing: outcome, code, a sentence."""


def check(case: Case) -> Verdict:
    if case.parsed is None:
        return Verdict(name, Outcome.SKIP, "not_parsed", "There is nothing to look into.")
    parts, files = case.parsed.attachments, case.files
    if not parts:
        return _NONE
    case.files = ()  # nobody looks into them after this
    found = [*_by_the_parser(case.parsed, case.policy.checks), *_limits(parts, case.policy.checks)]
    found += [*_looked_into(parts, files, case), *_scanned(parts, files, case)]
    if not found:
        return Verdict(name, Outcome.PASS, "clean", f"{len(parts)} looked into, nothing found.")
    found.sort(key=lambda one: -_GRAVITY.index(one[0]))
    words = list(dict.fromkeys(sentence for _, _, sentence in found))
    return Verdict(name, found[0][0], found[0][1], " ".join(words[:_MOST_WORDS]))


def _by_the_parser(parsed: ParsedMail, checks: Checks) -> Iterator[Found]:
    """What the parser saw in a name before it made it safe to show."""
    if _DISGUISED in parsed.defects:
        words = "An attachment has a name with signs that turn its letters round."
        yield _OUTCOMES[checks.attachments_disguised], _DISGUISED, words


def _limits(parts: tuple[AttachmentPart, ...], checks: Checks) -> Iterator[Found]:
    if len(parts) > checks.attachments_most:
        words = f"It has {len(parts)} attachments; {checks.attachments_most} are taken."
        yield Outcome.QUARANTINE, "too_many_attachments", words
    for part in parts:
        if part.size > checks.attachments_mib * _MIB:
            words = f"{_called(part)} is larger than {checks.attachments_mib} MiB."
            yield Outcome.QUARANTINE, "attachment_too_large", words


def _looked_into(parts: tuple[AttachmentPart, ...], files: tuple[bytes, ...], case: Case) -> Iterator[Found]:
    budget = Budget()
    for part, octets in zip(parts, files, strict=True):
        for concern in look(part.name, part.content_type, octets, budget):
            yield _outcome(concern, case.policy.checks), concern.code, f"{_called(part)} {concern.words}."


def _outcome(concern: Concern, checks: Checks) -> Outcome:
    return _OUTCOMES[getattr(checks, f"{name}_{concern.group}")]


def _scanned(parts: tuple[AttachmentPart, ...], files: tuple[bytes, ...], case: Case) -> Iterator[Found]:
    target: Target | None = settings.POSTBOX_CLAMD
    if target is None:
        return
    try:
        names = _scanner(target).scan(files)
    except Unavailable as error:
        words = f"The virus scanner gave no answer ({error}), so the mail is held."
        yield Outcome.QUARANTINE, "scanner_unavailable", words
        return
    for part, found in zip(parts, names, strict=True):
        if found:
            words = f"{_called(part)} holds {found[:100]}, says the virus scanner."
            yield _OUTCOMES[case.policy.checks.attachments_malware], "malware", words


@lru_cache(1)
def _scanner(target: Target) -> Scanner:
    """One a process, so that one that is away is not waited for by every mail."""
    return Scanner(target, _SCAN_SECONDS)


def _called(part: AttachmentPart) -> str:
    return f"Attachment {part.position + 1} (“{part.name}”)"
