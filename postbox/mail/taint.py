"""A thread's taint: the highest injection score of any mail in it, whatever became of that mail.

Decides by the rows as they stand, in one look-up at the end of an index (``messages_thread_taint``), so that nothing
has to be kept in step: a mail that is scored again or that expires changes the taint with it. It is never stored.
"""

from __future__ import annotations

import uuid

from django.db.models import FloatField, Max, OuterRef, Subquery

from postbox.mail.models import Message

_IN_THREAD = (
    Message.objects.filter(thread_id=OuterRef("thread_id"), injection_score__isnull=False)
    .order_by("-injection_score")
    .values("injection_score")[:1]
)
THREAD_TAINT = Subquery(_IN_THREAD, output_field=FloatField(null=True))
"""An annotation for messages: the taint of each one's thread, null where it has none or nothing was scored."""

OF_THREAD_SQL = "(SELECT max(injection_score) FROM messages WHERE messages.thread_id = {thread})"
"""The same for a hand-written statement; ``thread`` is the expression that names the thread."""


def taint_of(thread_id: uuid.UUID | None) -> float | None:
    """A thread's taint in 0..1; None for no thread, or one in which nothing was scored."""
    if thread_id is None:
        return None
    found: float | None = Message.objects.filter(thread_id=thread_id).aggregate(highest=Max("injection_score"))[
        "highest"
    ]
    return found
