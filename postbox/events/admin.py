"""Events as the operator sees them: what happened, to which message, who has yet to take it.

Their bodies stay sealed.
"""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from postbox.desk import words
from postbox.desk.admin import RecordAdmin, Since
from postbox.desk.ids import as_uuid
from postbox.desk.words import Level
from postbox.events.body import public_id
from postbox.events.models import Event

_LEVELS = {"quarantined": Level.DANGER, "bounced": Level.DANGER, "failed": Level.DANGER, "complained": Level.DANGER}
_LEVELS |= {"held": Level.WARNING, "paused": Level.WARNING, "killed": Level.DANGER, "disabled": Level.DANGER}
_LEVELS |= {"received": Level.GOOD, "delivered": Level.GOOD, "sent": Level.GOOD, "resumed": Level.GOOD}


@admin.register(Event)
class EventAdmin(RecordAdmin):
    list_display = ("name", "shown_kind", "shown_message", "shown_agent", "waiting_for", "created")
    list_filter = ("kind", Since)
    search_fields = ("id",)
    search_help_text = "Event id (evt_…) or message id"
    ordering = ("-id",)
    fields = ("name", "shown_kind", "shown_message", "shown_agent", "waiting_for", "created_at")

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
    def shown_message(self, event: Event) -> str:
        return _link("admin:mail_message_change", event.message_id) if event.message_id else "–"

    @display(description="Agent")
    def shown_agent(self, event: Event) -> str:
        return _link("admin:identity_agent_change", event.agent_id)

    @display(description="Waiting for")
    def waiting_for(self, event: Event) -> str:
        return ", ".join(sorted(copy.consumer for copy in event.copies.all())) or "–"

    @display(description="When")
    def created(self, event: Event) -> str:
        return words.ago(event.created_at)


def _link(route: str, number: object) -> str:
    """By the route's name: the models that it shows are in layers above."""
    return format_html(
        '<a class="pbx-link pbx-id" href="{}" title="{}">{}</a>',
        reverse(route, args=[number]),
        number,
        words.short(number),
    )
