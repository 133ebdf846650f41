"""A thread as a conversation, and an agent's threads.

Decides how many of its messages are shown (the newest), in which order (oldest first), and that quotations and
signatures are folded. It never decides who may read; the audit of a reading is its caller's.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field

from postbox.mail.content import Content
from postbox.mail.marks import Segment, segments
from postbox.mail.models import Message
from postbox.mail.opening import opened, subjects

MOST_MESSAGES = 50
MOST_THREADS = 50
# An agent's threads are looked for among so many of its newest messages.
LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a text; ``folded``: quoted history or a signature, in which nothing is marked."""

    segments: list[Segment]
    folded: bool

    @property
    def lines(self) -> int:
        return "".join(segment.text for segment in self.segments).strip().count("\n") + 1


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of a conversation. ``problem``: why nothing of it can be shown."""

    message: Message
    content: Content
    text: list[Piece]
    problem: str = ""

    @property
    def hidden(self) -> list[dict[str, str]]:
        return self.content.hidden


@dataclass(frozen=True, slots=True)
class Conversation:
    """The newest messages of a thread, oldest first. ``earlier``: there are more."""

    turns: list[Turn] = field(default_factory=list)
    earlier: bool = False

    @property
    def subject(self) -> str:
        """As the first of them has it."""
        return next((turn.content.subject for turn in self.turns if not turn.problem), "")


@dataclass(slots=True)
class Thread:
    """A thread in a list: its newest message, and how many of the messages looked at belong to it."""

    newest: Message
    count: int = 1
    held: int = 0
    subject: str | None = None
    senders: list[str] = field(default_factory=list)


def conversation(thread_id: uuid.UUID) -> Conversation:
    """The newest messages of a thread. Two queries, and one more where this process lacks an agent's key."""
    rows = Message.objects.filter(thread_id=thread_id).select_related("agent").order_by("-id")
    found = list(rows[: MOST_MESSAGES + 1])
    shown = found[:MOST_MESSAGES][::-1]
    contents = opened(shown)
    return Conversation(
        [_turn(message, contents[message.id].plaintext, contents[message.id].problem) for message in shown],
        len(found) > MOST_MESSAGES,
    )


def threads(agent_id: uuid.UUID) -> list[Thread]:
    """The agent's threads with mail among its newest, newest first. Two queries, or three as above."""
    rows = Message.objects.filter(agent_id=agent_id, thread_id__isnull=False).select_related("agent").order_by("-id")
    found: dict[uuid.UUID | None, Thread] = {}
    for message in rows[:LOOKED_AT]:
        thread = found.get(message.thread_id)
        if thread is None:
            thread = found[message.thread_id] = Thread(message, count=0)
        thread.count += 1
        thread.held += message.quarantined
        sender = message.header_from or message.mail_from
        if sender and sender not in thread.senders:
            thread.senders.append(sender)
    shown = list(found.values())[:MOST_THREADS]
    said = subjects([thread.newest for thread in shown])
    for thread in shown:
        thread.subject = said[thread.newest.id]
    return shown


def _turn(message: Message, plaintext: bytes, problem: str) -> Turn:
    if problem:
        return Turn(message, Content(), [], problem)
    content = Content.load(plaintext)
    spans = list(dict.fromkeys(content.spans))
    runs = itertools.groupby(segments(content.text, spans, content.own), key=lambda segment: segment.quoted)
    return Turn(message, content, [piece for quoted, run in runs if (piece := _piece(list(run), quoted))])


def _piece(run: list[Segment], quoted: bool) -> Piece | None:
    """None for a run of blanks."""
    if not any(segment.text.strip() for segment in run):
        return None
    return Piece(run, quoted and not any(segment.marked for segment in run))
