"""What a mail says about mail of ours: bounces, complaints, automatic replies, or none of them.

Decides the order in which the recognisers are asked: what a machine wrote for machines first, words last. It reads no
database and knows none of our ids; it hands on those that the returned mail carries.
"""

from __future__ import annotations

from dataclasses import replace

from postbox.ingest.limits import LimitExceeded
from reputation.bounces import cloud, complaints, prose, replies, status_report
from reputation.bounces.addresses import addresses
from reputation.bounces.bounce import Bounce, Kind
from reputation.bounces.codes import command_of, from_reply
from reputation.bounces.fragments import pattern, plain
from reputation.bounces.letter import Letter, groups, read_letter
from reputation.bounces.notice import from_system, is_notice, subject_tells
from reputation.bounces.reasons import WEAK, Reason, Verdict, classify

_OPENING_CHARACTERS = 2000
_DELAY = pattern(
    r"""
    has not yet been delivered | attempts will continue | only a temporary failure report | no need to resend
    do not need to re-?send | will (?:keep|continue) (?:on )?(?:trying|to try) | warning(?: message)? only
    will be retried | still being retried | only a notification about a delay
    """
)
_NESTED = 2  # a notice may enclose the notice that it passes on


def read_bounces(raw: bytes) -> list[Bounce]:
    """A row for each recipient that a mail reports on; empty for a mail that reports nothing. Never fails.

    A notice that names no recipient gives one row with an empty one. A mail over a limit (`postbox.ingest.limits`)
    reports nothing.
    """
    return _read(raw, _NESTED)


def _read(raw: bytes, nested: int) -> list[Bounce]:
    try:
        letter = read_letter(raw)
    except LimitExceeded:
        return []
    found = _recognise(letter, nested)
    return [_tied(bounce, letter) for bounce in found]


def _recognise(letter: Letter, nested: int) -> list[Bounce]:
    found = cloud.read(letter) or complaints.read(letter)
    if found:
        return found
    if letter.parameters.get("report-type", "").lower() == "disposition-notification":
        return replies.read(letter)
    if replies.is_marked(letter) and not _reports(letter):
        return replies.read(letter)
    found = status_report.read(letter)
    if found:
        return found
    if is_notice(letter):
        return _notice(letter, nested)
    return replies.read(letter) if replies.is_automatic(letter) else []


def _reports(letter: Letter) -> bool:
    """Whether a mail system sent it, about a mail or a failure; the vacation of a robot's mailbox is no report."""
    return from_system(letter) and (bool(letter.original or groups(letter)) or subject_tells(letter))


def _notice(letter: Letter, nested: int) -> list[Bounce]:
    """The rows of a notice in words; where it only passes on another, that one's."""
    told = prose.blocks(letter)
    if nested and letter.enclosed and (not told or _encloses_notice(letter)):
        inner = [bounce for bounce in _read(letter.enclosed, nested - 1) if bounce.kind is Kind.BOUNCE]
        if inner:
            return inner
    if not told:
        told = dict.fromkeys(addresses(letter.of_original("to"))[:1] or [""], letter.text)
    final = not _is_delay(letter)
    rows: list[Bounce] = []
    whole: Verdict | None = None
    for recipient, words in told.items():
        verdict = _verdict(words, final)
        if verdict.reason is Reason.ON_HOLD:
            whole = whole or _verdict(f"{letter.field('subject')}\n{letter.text}", final)
            verdict = whole
        rows.append(_row(recipient, words, verdict, "failed" if final else "delayed"))
    return rows


def _encloses_notice(letter: Letter) -> bool:
    """Whether the returned mail is itself a mail system's."""
    return any(word in letter.of_original("from").lower() for word in ("mailer-daemon", "mail delivery s"))


def _verdict(words: str, final: bool) -> Verdict:
    """The reason in the words of a notice: what another system replied comes before what is said about it."""
    command, reply = command_of(words), from_reply(words)
    verdict = classify(reply, command=command, final=final) if reply else None
    if verdict is None or verdict.reason in WEAK:
        verdict = classify(words, command=command, final=final)
    return verdict


def _row(recipient: str, words: str, verdict: Verdict, action: str) -> Bounce:
    return Bounce(
        Kind.BOUNCE,
        recipient,
        verdict.hard,
        verdict.status,
        verdict.reply,
        verdict.reason,
        action,
        " ".join(words[:2000].split())[:500],
    )


def _is_delay(letter: Letter) -> bool:
    return _DELAY.search(plain(letter.text[:_OPENING_CHARACTERS])) is not None


def _tied(bounce: Bounce, letter: Letter) -> Bounce:
    """With what of ours the returned mail carries; a notice inside another brings its own."""
    if bounce.original_message_id:
        return bounce
    to, path = addresses(letter.of_original("to")), addresses(letter.of_original("return-path"))
    return replace(
        bounce,
        original_message_id=letter.of_original("message-id").strip().strip("<>").strip(),
        original_to=to[0] if to else "",
        envelope_from=path[0] if path else "",
    )
