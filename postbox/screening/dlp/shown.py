"""Every text of a mail that its agent, a webhook or the desk is shown, and the same mail with these texts changed.

Decides which texts those are. Mail addresses and Message-IDs are looked through for nothing, because they are names and
not text; what was found elsewhere in the mail is masked in Message-IDs too. Headers that are never shown stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from postbox.mail.parsed import Distilled, Mailbox, ParsedMail, Score
from postbox.screening.case import Case

Change = Callable[[str], str]


def texts_of(case: Case) -> Iterator[str]:
    """The texts, the longest first as it is; empty ones left out."""
    seen, parsed = case.distilled, case.parsed or ParsedMail()
    yield from filter(None, (seen.text, parsed.subject))
    for boxes in (parsed.from_, parsed.to, parsed.cc, parsed.reply_to):
        yield from (box.name for box in boxes if box.name)
    yield from (item.text for item in seen.hidden)
    for link in seen.links:
        yield link.url
        if link.text and link.text != link.url:
            yield link.text
    yield from (image.alt for image in seen.images)
    yield from (part.name for part in parsed.attachments)


def changed(case: Case, change: Change, names: Change) -> None:
    """Change every shown text of the case in place, and every word said about it so far; ``names`` is for identifiers.

    The writer's own stretches of the text move with it.
    """
    case.distilled = _distilled(case.distilled, change)
    if case.parsed:
        case.parsed = _parsed(case.parsed, change, names)
    if case.score:
        reasons = tuple(replace(one, words=change(one.words), span=change(one.span)) for one in case.score.reasons)
        case.score = Score(case.score.score, reasons)
    case.verdicts[:] = [replace(verdict, reason=change(verdict.reason)) for verdict in case.verdicts]


def _distilled(seen: Distilled, change: Change) -> Distilled:
    return replace(
        seen,
        text=change(seen.text),
        own=None if seen.own is None else tuple(_moved(seen.text, place, change) for place in seen.own),
        hidden=tuple(replace(item, text=change(item.text)) for item in seen.hidden),
        links=tuple(replace(link, text=change(link.text), url=change(link.url)) for link in seen.links),
        images=tuple(replace(image, alt=change(image.alt)) for image in seen.images),
    )


def _moved(text: str, place: tuple[int, int], change: Change) -> tuple[int, int]:
    """Where a stretch stands in the changed text. What is masked across its edge belongs to neither side."""
    begin, end = place
    return len(change(text[:begin])), len(change(text[:end]))


def _parsed(parsed: ParsedMail, change: Change, names: Change) -> ParsedMail:
    return replace(
        parsed,
        subject=change(parsed.subject),
        message_id=names(parsed.message_id),
        in_reply_to=names(parsed.in_reply_to),
        references=tuple(names(one) for one in parsed.references),
        from_=_named(parsed.from_, change),
        sender=_named(parsed.sender, change),
        reply_to=_named(parsed.reply_to, change),
        to=_named(parsed.to, change),
        cc=_named(parsed.cc, change),
        attachments=tuple(replace(part, name=change(part.name)) for part in parsed.attachments),
    )


def _named(boxes: tuple[Mailbox, ...], change: Change) -> tuple[Mailbox, ...]:
    return tuple(replace(box, name=change(box.name)) for box in boxes)
