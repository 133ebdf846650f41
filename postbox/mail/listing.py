"""An agent's mail, newest first, a page at a time; and marking it as read.

Decides which mail an agent sees: what went through the pipeline, quarantined mail only when it is asked for, refused
mail never. A mail whose content cannot be opened is listed without it and says so; it never fails its page.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.db.models import BinaryField, OuterRef, QuerySet, Subquery
from django.utils.module_loading import import_string

from postbox.api.errors import KeysUnavailable
from postbox.identity.models import AgentKey
from postbox.lib import clock
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail.content import Content, facts_of, public
from postbox.mail.keys import open_part, unwrap
from postbox.mail.models import OUTBOUND_STATES, Direction, Message, MessageKey, Status
from postbox.mail.paging import read_token, token_after
from postbox.mail.taint import THREAD_TAINT

log = logging.getLogger(__name__)

ERASED = "The content of this message was erased; it cannot be read again."
UNREADABLE = "The content of this message cannot be opened; tell the operator its id."
# An id is made within moments of received_at, so ids bound the search; the hour is for clocks that are set back.
_ID_SLACK = timedelta(hours=1)
_VISIBLE = (Status.PROCESSED, Status.QUARANTINED)
_MARK_READ = f"""
UPDATE messages SET read_at = %s WHERE id IN (
    SELECT id FROM messages
    WHERE id = ANY(%s) AND agent_id = %s AND read_at IS NULL
      AND status IN ('{Status.PROCESSED}', '{Status.QUARANTINED}')
    ORDER BY id FOR NO KEY UPDATE)
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. ``since``: received after; ``quarantined``: both kinds; ``unread``: that kind only.

    ``folder``: where a rule put it, empty for mail that none moved; ``label``: mail that bears it.
    """

    direction: Direction | None = None
    since: datetime | None = None
    quarantined: bool = False
    unread: bool = False
    folder: str | None = None
    label: str | None = None

    def scope(self, agent_id: uuid.UUID) -> dict[str, str | None]:
        """What a page token is bound to."""
        return {
            "agent": str(agent_id),
            "direction": self.direction,
            "since": self.since.isoformat() if self.since else None,
            "quarantined": str(self.quarantined),
            "unread": str(self.unread),
            "folder": self.folder,
            "label": self.label,
        }


@dataclass(frozen=True, slots=True)
class Page:
    """Public messages, and the token of the next page where there is one."""

    messages: list[dict[str, Any]]
    next_page_token: str | None


def page(agent_id: uuid.UUID, query: Query, limit: int, token: str = "") -> Page:
    """At most ``limit`` of the agent's messages, newest first. Raises BadPageToken, KeysUnavailable.

    One query, and one more for the agent's data key where this process does not hold it.
    """
    scope = query.scope(agent_id)
    rows = _visible(agent_id, query)
    if token:
        rows = rows.filter(id__lt=read_token(token, scope))
    found = list(_with_content(rows)[: limit + 1])
    shown = found[:limit]
    more = token_after(shown[-1].id, scope) if len(found) > limit else None
    return Page([_show(row) for row in shown], more)


def mark_read(agent_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> int:
    """Mark the agent's own unread messages as read; returns how many were. Others' ids and unknown ones do nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK_READ, [clock.now(), list(ids), agent_id])
        updated: int = cursor.rowcount
        return updated


def _visible(agent_id: uuid.UUID, query: Query) -> QuerySet[Message]:
    rows = Message.objects.filter(agent_id=agent_id).order_by("-id")
    seen = _VISIBLE if query.quarantined else (Status.PROCESSED,)
    rows = rows.filter(status__in=(*seen, *OUTBOUND_STATES))
    for name in settings.POSTBOX_NOT_LISTED:
        rows = rows.exclude(import_string(name))
    if query.direction:
        rows = rows.filter(direction=query.direction)
    if query.since:
        rows = rows.filter(received_at__gt=query.since, id__gte=_first_id(query.since))
    if query.unread:
        rows = rows.filter(read_at=None)
    if query.folder is not None:
        rows = rows.filter(folder=query.folder)
    if query.label is not None:
        rows = rows.filter(labels__contains=[query.label], labels__isnull=False)
    return rows


def _first_id(since: datetime) -> uuid.UUID:
    """An id that no mail received after ``since`` sorts before."""
    milliseconds = int(since.timestamp() * 1000) - int(_ID_SLACK.total_seconds() * 1000)
    return uuid.UUID(int=min(max(milliseconds, 0), (1 << 48) - 1) << 80)


def _with_content(rows: QuerySet[Message]) -> QuerySet[Message]:
    key = MessageKey.objects.filter(message_id=OuterRef("pk")).values("wrapped")
    rows = rows.select_related("agent", "content")
    return rows.annotate(wrapped=Subquery(key, output_field=BinaryField(null=True)), thread_taint=THREAD_TAINT)


def _show(message: Message) -> dict[str, Any]:
    content, problem = _open(message)
    if problem:
        content = replace(content, reasons=[problem])
    return public(facts_of(message), content)


def _open(message: Message) -> tuple[Content, str]:
    """What the message says, or nothing and why."""
    wrapped: bytes | None = getattr(message, "wrapped", None)
    if wrapped is None:
        return Content(), ERASED
    try:
        key = unwrap(wrapped, message.id, message.agent_id)
        sealed = bytes(message.content.body)
        return Content.load(open_part(key, sealed, message.id, "content", message.agent_id)), ""
    except AgentKey.DoesNotExist:
        return Content(), ERASED
    except MasterKeyMissing as error:
        raise KeysUnavailable() from error
    except (SealBroken, ObjectDoesNotExist, ValueError) as error:
        log.error("content_unreadable", extra={"message_id": str(message.id), "error": type(error).__name__})
        return Content(), UNREADABLE
