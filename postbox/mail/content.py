"""What a message says, as it is sealed and as the API shows it.

Decides the shape of the sealed content and of the public message (the same in lists and events). It never decides
whether somebody may see it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from postbox.events.body import timestamp
from postbox.lib.compact import compact, quoted
from postbox.mail.models import AuthResult, Message
from postbox.mail.parsed import Distilled, Mailbox, ParsedMail, Score, stretches

_DECODER = json.JSONDecoder()
_SUBJECT_OCTETS = 8 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """The sealed part of a message. ``reasons`` are words; ``spans`` what they point at; ``words`` one a verdict.

    ``own``: where in ``text`` the writer's own words stand, without quotes and signature. None is all of it, and so it
    is for a mail that was sealed before there was this field; scoring it again finds its places.
    """

    message_id: str = ""
    from_: str = ""
    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    reply_to: list[str] = field(default_factory=list)
    subject: str = ""
    in_reply_to: str = ""
    references: list[str] = field(default_factory=list)
    text: str = ""
    text_truncated: bool = False
    own: list[list[int]] | None = None
    links: list[dict[str, Any]] = field(default_factory=list)
    images: list[dict[str, str]] = field(default_factory=list)
    hidden: list[dict[str, str]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    spans: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    traceback: str = ""

    @property
    def reply_text(self) -> str:
        """The writer's own words alone."""
        return stretches(self.text, self.own)

    def dump(self, text: bytes | None = None) -> bytes:
        """The plaintext that is sealed; ``text`` is the content's as JSON, where that is at hand."""
        members = {name: getattr(self, name) for name in _MEMBERS}
        return compact(members, {"text": quoted(self.text) if text is None else text})

    @classmethod
    def load(cls, plaintext: bytes) -> Content:
        """The inverse of ``dump``; fields of a later version are passed over."""
        known = cls.__dataclass_fields__
        return cls(**{key: value for key, value in json.loads(plaintext).items() if key in known})


_MEMBERS = [name for name in Content.__dataclass_fields__ if name != "text"]


def subject_of(plaintext: bytes) -> str:
    """The subject in what ``Content.dump`` gave, without reading the rest of it: a list needs no more.

    Inside a JSON string every quote is escaped, so the first ``,"subject":`` is the key.
    """
    _, _, rest = plaintext.partition(b',"subject":')
    try:
        subject, _ = _DECODER.raw_decode(rest[:_SUBJECT_OCTETS].decode("utf-8", "replace"))
    except ValueError:  # longer than what is looked at, or written in another order
        return Content.load(plaintext).subject
    return str(subject)


def from_parts(
    parsed: ParsedMail,
    distilled: Distilled,
    score: Score,
    attachment_ids: list[uuid.UUID],
    words: list[str],
    reasons: list[str],
    traceback: str = "",
) -> Content:
    """The content of a mail that went through the steps."""
    return Content(
        **named(parsed),
        **seen(distilled),
        attachments=[
            {"id": str(id_), "name": part.name, "type": part.content_type, "size": part.size}
            for id_, part in zip(attachment_ids, parsed.attachments, strict=True)
        ],
        reasons=reasons,
        spans=[reason.span for reason in score.reasons if reason.span],
        words=words,
        traceback=traceback,
    )


def named(parsed: ParsedMail) -> dict[str, Any]:
    """The fields of the content that stand in the mail's header."""
    return {
        "message_id": parsed.message_id,
        "from_": ", ".join(shown(box) for box in parsed.from_),
        "to": [shown(box) for box in parsed.to],
        "cc": [shown(box) for box in parsed.cc],
        "reply_to": [shown(box) for box in parsed.reply_to],
        "subject": parsed.subject,
        "in_reply_to": parsed.in_reply_to,
        "references": list(parsed.references),
    }


def seen(distilled: Distilled) -> dict[str, Any]:
    """The fields of the content that distilling makes."""
    return {
        "text": distilled.text,
        "text_truncated": distilled.truncated,
        "own": None if distilled.own is None else [list(place) for place in distilled.own],
        "links": [{"text": link.text, "url": link.url, "mismatch": link.mismatch} for link in distilled.links],
        "images": [{"alt": image.alt} for image in distilled.images],
        "hidden": [asdict(item) for item in distilled.hidden],
    }


def shown(box: Mailbox) -> str:
    """``Name <address>``, or the address alone."""
    return f"{box.name} <{box.address}>" if box.name else box.address


@dataclass(frozen=True, slots=True)
class Facts:
    """The part of a message that is in the clear, as its row holds it."""

    id: uuid.UUID
    direction: str
    status: str
    agent_name: str
    thread_id: uuid.UUID | None
    received_at: datetime
    injection_score: float | None
    quarantined: bool
    spf: str
    dkim: str
    dmarc: str
    aligned_domain: str = ""
    arc: str = AuthResult.NONE
    read: bool = False
    folder: str = ""
    labels: Sequence[str] = ()
    thread_taint: float | None = None


def facts_of(message: Message) -> Facts:
    """The facts of a loaded row; its agent must be loaded with it."""
    return Facts(
        id=message.id,
        direction=message.direction,
        status=message.status,
        agent_name=message.agent.name,
        thread_id=message.thread_id,
        received_at=message.received_at,
        injection_score=message.injection_score,
        quarantined=message.quarantined,
        spf=message.spf,
        dkim=message.dkim,
        dmarc=message.dmarc,
        aligned_domain=message.aligned_domain,
        arc=message.arc,
        read=message.read_at is not None,
        folder=message.folder,
        labels=message.labels or (),
        thread_taint=getattr(message, "thread_taint", None),
    )


def public(facts: Facts, content: Content, *, with_text: bool = True) -> dict[str, Any]:
    """A message as agents and webhooks get it (design, section 5). ``with_text=False``: everything but the text."""
    shape: dict[str, Any] = {
        "id": str(facts.id),
        "direction": facts.direction,
        "status": facts.status,
        "agent_id": facts.agent_name,
        "thread_id": str(facts.thread_id) if facts.thread_id else None,
        "message_id": content.message_id,
        "from": content.from_,
        "to": content.to,
        "cc": content.cc,
        "subject": content.subject,
        "text": content.text,
        "reply_text": content.reply_text,
        "text_truncated": content.text_truncated,
        "received_at": timestamp(facts.received_at),
        "injection_score": facts.injection_score,
        "thread_taint": facts.thread_taint,
        "quarantined": facts.quarantined,
        "reasons": content.reasons,
        "auth": {
            "spf": facts.spf,
            "dkim": facts.dkim,
            "dmarc": facts.dmarc,
            "aligned_domain": facts.aligned_domain,
            "arc": facts.arc,
        },
        "links": [{"mismatch": False} | link for link in content.links],
        "images": content.images,
        "attachments": content.attachments,
        "read": facts.read,
        "folder": facts.folder,
        "labels": list(facts.labels),
    }
    if not with_text:
        del shape["text"], shape["reply_text"]
    return shape
