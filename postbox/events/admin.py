"""Events as the operator sees them: what happened, to which message, who has yet to take it.

Their bodies stay sealed.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from postbox.desk import words
from postbox.desk.admin import RecordAdmin, RecordList, Since
from postbox.desk.ids import as_uuid
from postbox.desk.subjects import links, shown
from postbox.desk.words import Level
from postbox.events.body import public_id
from postbox.events.models import Event

_LEVELS = {"quarantined": Level.DANGER, "bounced": Level.DANGER, "failed": Level.DANGER, "complained": Level.DANGER}
_LEVELS |= {"held": Level.WARNING, "paused": Level.WARNING, "killed": Level.DANGER, "disabled": Level.DANGER}
_LEVELS |= {"received": Level.GOOD, "delivered": Level.GOOD, "sent": Level.GOOD, "resumed": Level.GOOD}


class EventList(RecordList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = _named(request, list(self.result_list))


@admin.register(Event)
class EventAdmin(RecordAdmin):
    list_display = ("name", "shown_kind", "shown_message", "shown_agent", "waiting_for", "created")
    list_filter = ("kind", Since)
    search_fields = ("id",)
    search_help_text = "Event id (evt_…) or message id"
    ordering = ("-id",)
    fields = ("name", "shown_kind", "shown_message", "shown_agent", "waiting_for", "created_at")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordList]:
        return EventList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Event | None:
        found = super().get_object(request, object_id, from_field)
        return _named(request, [found])[0] if found else None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        rows: QuerySet[Event] = super().get_queryset(request)
        return rows.defer("body").prefetch_related("copies")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        number = as_uuid(text.removeprefix("evt_"))
        if number is None:
            return queryset.none(), False
        return (queryset.filter(pk=number) if text.startswith("evt_") else queryset.filter(message_id=number)), False

    @display(description="Event")
    def name(self, event: Event) -> str:
        return public_id(event.id)

    @display(description="Kind")
    def shown_kind(self, event: Event) -> str:
        return words.badge(event.kind, _LEVELS.get(event.kind.rpartition(".")[2], Level.PLAIN))

    @display(description="Message")
    def shown_message(self, event: Any) -> str:
        return shown(("message", str(event.message_id)), event.known) if event.message_id else "–"

    @display(description="Agent")
    def shown_agent(self, event: Any) -> str:
        return shown(("agent", str(event.agent_id)), event.known)

    @display(description="Waiting for")
    def waiting_for(self, event: Event) -> str:
        return ", ".join(sorted(copy.consumer for copy in event.copies.all())) or "–"

    @display(description="When")
    def created(self, event: Event) -> str:
        return words.ago(event.created_at)


def _named(request: HttpRequest, events: list[Any]) -> list[Any]:
    """Give each event ``known``: its message and its agent in words. Two queries, whatever the page holds."""
    wanted = [("message", str(event.message_id)) for event in events if event.message_id]
    known = links(request, wanted + [("agent", str(event.agent_id)) for event in events])
    for event in events:
        event.known = known
    return events
