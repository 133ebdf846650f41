"""Deliveries and attempts as the operator sees them, and sending them again.

Decides that what an endpoint answered is opened on a page of its own only, which is put on record.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from postbox.audit.record import record
from postbox.desk import words
from postbox.desk.actions import PRIMARY, asked
from postbox.desk.admin import RecordAdmin, actor_of
from postbox.desk.words import Level
from postbox.events.body import public_id
from postbox.lib import clock
from webhooks import replay
from webhooks.models import Attempt, Delivery, DeliveryState
from webhooks.reading import answer_of

_DELIVERY_LEVELS = {
    DeliveryState.PENDING: Level.INFO,
    DeliveryState.DELIVERED: Level.GOOD,
    DeliveryState.DEAD: Level.DANGER,
}


def result_badge(status: int | None, error: str) -> SafeString | str:
    """How a try went: its status, or why there is none."""
    if status is None and not error:
        return "–"
    good = status is not None and 200 <= status < 300
    return words.badge(status if status is not None else error.replace("_", " "), Level.GOOD if good else Level.DANGER)


@admin.register(Delivery)
class DeliveryAdmin(RecordAdmin):
    list_display = ("kind", "endpoint", "shown_state", "result", "attempts", "created", "next_try", "short_id")
    list_select_related = ("endpoint", "event")
    list_filter = ("state", "last_error", ("endpoint", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("event__id__exact", "event__message_id__exact")
    search_help_text = "Event or message id"
    ordering = ("-id",)
    fields = (
        "kind", "webhook_id", "endpoint", "shown_state", "result", "attempts", "sequence", "created_at", "next_try",
        "settled_at", "shown_tries",
    )  # fmt: skip
    readonly_fields = ("kind", "webhook_id", "shown_state", "result", "next_try", "shown_tries")
    actions = ("replay_selected",)
    actions_detail = ("replay_one",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows: QuerySet[Delivery] = super().get_queryset(request)
        return rows.select_related("endpoint", "event").defer("event__body")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        term = search_term.strip().removeprefix("evt_")
        rows, is_doubled = super().get_search_results(request, queryset, term)
        return rows, bool(is_doubled)

    def has_replay_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, "webhooks.change_delivery", lambda row: row.state != DeliveryState.PENDING)

    @display(description="Event")
    def kind(self, delivery: Delivery) -> str:
        return delivery.event.kind

    @display(description="webhook-id")
    def webhook_id(self, delivery: Delivery) -> str:
        return public_id(delivery.event_id)

    @display(description="webhook-id")
    def short_id(self, delivery: Delivery) -> str:
        return format_html(
            '<span class="pbx-id" title="{}">{}</span>', public_id(delivery.event_id), words.short(delivery.event_id)
        )

    @display(description="State")
    def shown_state(self, delivery: Delivery) -> str:
        return words.badge(delivery.get_state_display(), _DELIVERY_LEVELS[DeliveryState(delivery.state)])

    @display(description="Last result")
    def result(self, delivery: Delivery) -> str:
        return result_badge(delivery.last_status, delivery.last_error)

    @display(description="Created")
    def created(self, delivery: Delivery) -> str:
        return words.ago(delivery.created_at)

    @display(description="Next try")
    def next_try(self, delivery: Delivery) -> str:
        if delivery.state != DeliveryState.PENDING:
            return "–"
        wait = (delivery.not_before - clock.now()).total_seconds()
        return f"in {words.age(wait)}" if wait > 0 else "now"

    @display(description="Attempts")
    def shown_tries(self, delivery: Delivery) -> str:
        url = reverse("admin:webhooks_attempt_changelist", query={"delivery__id__exact": delivery.pk})
        return format_html('<a class="pbx-link" href="{}">Every attempt of this delivery</a>', url)

    @admin.action(description="Send again", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        ids = list(queryset.order_by().values_list("pk", flat=True)[: self.list_per_page])
        count = replay.rows(ids, actor=actor_of(request))
        messages.success(request, f"{words.several(count, 'delivery', 'deliveries')} sent again.")

    @asked(
        "Send again",
        path="replay",
        permission="replay",
        icon="replay",
        title="Send this again?",
        says="Under the same webhook-id, so that a receiver who had it can tell. Attempts are counted anew.",
        look=PRIMARY,
    )
    def replay_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        count = replay.rows([int(object_id)], actor=actor_of(request))
        if count:
            messages.success(request, "It is sent again.")
        else:
            messages.warning(request, "It is not sent again: it waits already, or its endpoint is not active.")
        return self.back(request, object_id)


@admin.register(Attempt)
class AttemptAdmin(RecordAdmin):
    list_display = ("at_ago", "endpoint", "number", "result", "took")
    list_select_related = ("delivery__endpoint",)
    list_filter = ("error",)
    ordering = ("-id",)
    fields = ("at", "endpoint", "shown_delivery", "number", "result", "took", "answer")
    readonly_fields = ("endpoint", "shown_delivery", "result", "took", "answer")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        rows: QuerySet[Attempt] = super().get_queryset(request)
        return rows.select_related("delivery__endpoint").defer("response")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "delivery__id__exact" or bool(super().lookup_allowed(lookup, value, request))

    @display(description="At")
    def at_ago(self, attempt: Attempt) -> str:
        return words.ago(attempt.at)

    @display(description="Endpoint")
    def endpoint(self, attempt: Attempt) -> str:
        return str(attempt.delivery.endpoint)

    @display(description="Delivery")
    def shown_delivery(self, attempt: Attempt) -> str:
        url = reverse("admin:webhooks_delivery_change", args=[attempt.delivery_id])
        return format_html('<a class="pbx-link" href="{}">{}</a>', url, attempt.delivery_id)

    @display(description="Result")
    def result(self, attempt: Attempt) -> str:
        return result_badge(attempt.status, attempt.error)

    @display(description="Took")
    def took(self, attempt: Attempt) -> str:
        return f"{attempt.duration_ms:,} ms"

    @display(description="Answer")
    def answer(self, attempt: Attempt) -> str:
        text = answer_of(attempt)
        return format_html('<pre class="pbx-trace">{}</pre>', text) if text else "–"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        page: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        if page.status_code == 200:
            record(actor_of(request), "attempt.read", object_id)
        return page
