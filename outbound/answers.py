"""Drafts that answer or send on a stored message: reply, reply to all, forward.

Decides whom an answer goes to (Reply-To, else From; RFC 5322, section 3.6.2; of the agent's own mail, whom it was
written to), its subject and its threading headers. It
never opens a message that its agent may not see: quarantined and refused mail is neither answered nor sent on.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from django.core.exceptions import ObjectDoesNotExist

from outbound.draft import BadAddress, Draft, File, Mailbox, Recipient, header_text, mailbox, recipients_of
from outbound.html_text import text_of
from outbound.models import Role
from postbox.api.errors import NotFound
from postbox.identity.models import Address, AgentKey
from postbox.ingest.attachments import open_attachment
from postbox.lib.envelope import SealBroken
from postbox.mail.content import Content
from postbox.mail.keys import KeyErased, message_key, open_part
from postbox.mail.models import OUTBOUND_STATES, Message, Status

_QUOTED = 100_000  # characters of the message that is sent on


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored message of the agent, opened."""

    id: uuid.UUID
    thread_id: uuid.UUID | None
    content: Content


def stored(agent_id: uuid.UUID, message_id: uuid.UUID) -> Stored:
    """The agent's message. Raises NotFound for another's, for one that is not there, held back or erased."""
    seen = (Status.PROCESSED, *OUTBOUND_STATES)
    try:
        row = Message.objects.select_related("content").get(pk=message_id, agent_id=agent_id, status__in=seen)
        plaintext = open_part(message_key(row.id, agent_id), bytes(row.content.body), row.id, "content", agent_id)
    except (ObjectDoesNotExist, KeyErased, AgentKey.DoesNotExist, SealBroken):
        raise NotFound("There is no such message.", fix="Take ids from the messages in /list.") from None
    return Stored(row.id, row.thread_id, Content.load(plaintext))


def answering(draft: Draft, agent_id: uuid.UUID, to: Stored, *, everybody: bool = False) -> Draft:
    """The draft as an answer: threaded, and addressed where it names nobody."""
    content = to.content
    name = f"<{content.message_id}>" if content.message_id else ""
    names = [f"<{one}>" for one in content.references]
    subject = draft.subject or _prefixed("Re: ", content.subject)
    recipients = draft.recipients or recipients_of(_answered(agent_id, content, everybody))
    return replace(
        draft,
        recipients=recipients,
        subject=subject,
        in_reply_to=name,
        references=tuple(one for one in (*names, name) if one),
        answers=to.id,
        thread_id=to.thread_id,
    )


def forwarding(draft: Draft, agent_id: uuid.UUID, message: Stored) -> Draft:
    """The draft with a stored message below its own words, and that message's attachments."""
    content = message.content
    words = draft.text or text_of(draft.html)
    above = f"{words}\n\n" if words else ""
    facts = (("From", content.from_), ("To", ", ".join(content.to)), ("Subject", content.subject))
    head = "\n".join(f"{name}: {value}" for name, value in facts if value)
    text = f"{above}---------- Forwarded message ----------\n{head}\n\n{content.text[:_QUOTED]}\n"
    files = tuple(_file(agent_id, item["id"]) for item in content.attachments)
    return replace(
        draft,
        subject=draft.subject or _prefixed("Fwd: ", content.subject),
        text=text,
        html="",
        attachments=(*draft.attachments, *files),
        answers=message.id,
    )


def _answered(agent_id: uuid.UUID, content: Content, everybody: bool) -> list[tuple[Mailbox, Role]]:
    own = set(Address.objects.filter(agent_id=agent_id).values_list("address", flat=True))
    author = _box(content.from_)
    is_own = author is not None and author.address.lower() in own  # a second word to whom it was written
    asked = [(text, Role.TO) for text in (content.to if is_own else content.reply_to or [content.from_])]
    if everybody:
        asked += [(text, Role.TO) for text in content.to] + [(text, Role.CC) for text in content.cc]
    found: list[tuple[Mailbox, Role]] = []
    for text, role in asked:
        box = _box(text)
        if box and box.address.lower() not in own:
            found.append((box, role))
    return found


def _box(text: str) -> Mailbox | None:
    try:
        return mailbox(text, "to")
    except BadAddress:
        return None


def _file(agent_id: uuid.UUID, attachment_id: str) -> File:
    opened = open_attachment(agent_id, uuid.UUID(attachment_id))
    return File(opened.name, opened.content_type, opened.octets)


def _prefixed(prefix: str, subject: str) -> str:
    plain = header_text(" ".join(subject.split()), "subject")
    return plain if plain.lower().startswith(prefix.lower()) else f"{prefix}{plain}"


def to_one(address: str) -> tuple[Recipient, ...]:
    """The one recipient of a mail that a rule asked for. Raises BadAddress."""
    return recipients_of([(mailbox(address, "to"), Role.TO)])
