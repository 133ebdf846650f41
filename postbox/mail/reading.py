"""A stored message opened for a person to read.

Decides what of the sealed content is put before an operator and how it is cut. It never decides whether somebody may
read it, and writes nothing: the audit of a reading is its caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from postbox.identity.models import AgentKey
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail.content import Content
from postbox.mail.keys import KeyErased, message_key, open_part
from postbox.mail.marks import Segment, segments
from postbox.mail.models import Message, MessageContent, StepVerdict
from postbox.mail.taint import taint_of

MOST_SHOWN = 200


class NotReadable(Exception):
    """There is nothing to show, for the reason that the exception says."""


@dataclass(frozen=True, slots=True)
class HiddenText:
    """What its reader would not have seen, and why."""

    reason: str
    text: list[Segment]


@dataclass(frozen=True, slots=True)
class ReadVerdict:
    """A step's verdict with its words."""

    step: str
    outcome: str
    label: str
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What an operator sees of a message. Lists are cut at MOST_SHOWN; ``more`` says of which there are more.

    ``elsewhere``: spans that are marked nowhere, since they came out of a disguise. ``links``: misleading ones first.
    """

    content: Content
    text: list[Segment]
    spans: list[str]
    elsewhere: list[str]
    links: list[dict[str, Any]]
    taint: float | None
    hidden: list[HiddenText]
    verdicts: list[ReadVerdict]
    more: list[str] = field(default_factory=list)


def read(message: Message) -> Reading:
    """Open and arrange a message. Raises NotReadable."""
    content = _opened(message)
    spans = list(dict.fromkeys(content.spans))
    shown = [
        HiddenText(item.get("reason", "").replace("_", " "), segments(item.get("text", ""), spans))
        for item in content.hidden[:MOST_SHOWN]
    ]
    more = [name for name in ("hidden", "links", "images", "attachments") if len(getattr(content, name)) > MOST_SHOWN]
    rows = list(StepVerdict.objects.filter(message_id=message.id))
    text = segments(content.text, spans, content.own)
    return Reading(
        content=content,
        text=text,
        spans=spans,
        elsewhere=_elsewhere(spans, text, shown),
        links=sorted(content.links, key=lambda link: not link.get("mismatch"))[:MOST_SHOWN],
        taint=taint_of(message.thread_id),
        hidden=shown,
        verdicts=_verdicts(rows, content.words),
        more=more,
    )


def _elsewhere(spans: Sequence[str], text: Sequence[Segment], hidden: Sequence[HiddenText]) -> list[str]:
    parts = [*text, *(part for item in hidden for part in item.text)]
    marked = " ".join("".join(part.text if part.marked else "\n" for part in parts).lower().split())
    return [span for span in spans if " ".join(span.lower().split()) not in marked]


def _opened(message: Message) -> Content:
    sealed = MessageContent.objects.filter(pk=message.id).values_list("body", flat=True).first()
    if sealed is None:
        raise NotReadable("The pipeline has not examined this message yet, so there is no text to show.")
    try:
        key = message_key(message.id, message.agent_id)
        return Content.load(open_part(key, bytes(sealed), message.id, "content", message.agent_id))
    except (KeyErased, AgentKey.DoesNotExist):
        raise NotReadable("The key of this message was erased: nobody can read it any more.") from None
    except SealBroken:
        raise NotReadable("The stored content does not open with its own key: it was changed or exchanged.") from None
    except MasterKeyMissing:
        raise NotReadable("The master key that this message was sealed under is not configured here.") from None


def _verdicts(rows: Sequence[StepVerdict], words: Sequence[str]) -> list[ReadVerdict]:
    said = [*words, *([""] * max(0, len(rows) - len(words)))]
    return [
        ReadVerdict(row.step, row.outcome, row.get_outcome_display(), row.code, text)
        for row, text in zip(rows, said, strict=False)
    ]
