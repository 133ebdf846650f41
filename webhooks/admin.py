"""Endpoints, deliveries and attempts as the operator sees them.

Decides what an operator may do here: disable and enable an endpoint, send deliveries again, always by the functions
that the API uses. Nothing is edited. A URL's query is never shown. What an endpoint answered is opened on a page of
its own only, which is put on record.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from postbox.audit.record import record
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, actor_of, go
from postbox.desk.words import Level
from postbox.events.body import public_id
from postbox.lib import clock
from webhooks import endpoints, health, replay
from webhooks.models import Attempt, Delivery, DeliveryState, DisabledReason, Endpoint, EndpointState
from webhooks.reading import answer_of

_ENDPOINT_LEVELS = {
    EndpointState.ACTIVE: Level.GOOD,
    EndpointState.DISABLED: Level.DANGER,
    EndpointState.DELETED: Level.PLAIN,
}
_DELIVERY_LEVELS = {
    DeliveryState.PENDING: Level.INFO,
    DeliveryState.DELIVERED: Level.GOOD,
    DeliveryState.DEAD: Level.DANGER,
}


def _waiting(state: DeliveryState) -> Coalesce:
    rows = Delivery.objects.filter(endpoint=OuterRef("pk"), state=state).order_by().values("endpoint")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)


def result_badge(status: int | None, error: str) -> SafeString | str:
    """How a try went: its status, or why there is none."""
    if status is None and not error:
        return "–"
    good = status is not None and 200 <= status < 300
    return words.badge(status if status is not None else error.replace("_", " "), Level.GOOD if good else Level.DANGER)


@admin.register(Endpoint)
class EndpointAdmin(RecordAdmin):
    list_display = ("shown_url", "agent", "shown_state", "shown_health", "last_success", "pending", "dead", "created")
    list_select_related = ("agent",)
    list_filter = ("state", ("agent", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("id__exact", "agent__name", "url__startswith")
    search_help_text = "Id, agent or beginning of a URL"
    ordering = ("-id",)
    fields = (
        "shown_url", "agent", "description", "shown_kinds", "shown_state", "disabled_at", "shown_health",
        "first_failure_at", "last_failure_at", "last_success_at", "not_before", "sequence", "shown_deliveries",
        "created_at", "id",
    )  # fmt: skip
    readonly_fields = ("shown_url", "shown_kinds", "shown_state", "shown_health", "shown_deliveries")
    actions_detail = ("disable_one", "enable_one")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        rows: QuerySet[Endpoint] = super().get_queryset(request)
        return rows.annotate(pending=_waiting(DeliveryState.PENDING), dead=_waiting(DeliveryState.DEAD))

    def has_disable_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, EndpointState.ACTIVE)

    def has_enable_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, EndpointState.DISABLED)

    def _may(self, request: HttpRequest, obj: Any, state: EndpointState) -> bool:
        """Whether the button belongs on this endpoint's page; ``obj`` is its id there."""
        if not request.user.has_perm("webhooks.change_endpoint"):
            return False
        endpoint = obj if obj is None or isinstance(obj, Endpoint) else self.get_object(request, str(obj))
        return endpoint is None or endpoint.state == state

    @display(description="URL")
    def shown_url(self, endpoint: Endpoint) -> str:
        return endpoint.url.partition("?")[0]

    @display(description="Events")
    def shown_kinds(self, endpoint: Endpoint) -> str:
        return ", ".join(endpoint.kinds) or "every kind"

    @display(description="State")
    def shown_state(self, endpoint: Endpoint) -> str:
        badge = words.badge(endpoint.get_state_display(), _ENDPOINT_LEVELS[EndpointState(endpoint.state)])
        return format_html("{} {}", badge, endpoint.get_disabled_reason_display())

    @display(description="Health")
    def shown_health(self, endpoint: Endpoint) -> str:
        if endpoint.consecutive_failures:
            failed = f"{endpoint.consecutive_failures} failed in a row"
            return format_html("{} since {}", words.badge(failed, Level.DANGER), words.ago(endpoint.first_failure_at))
        if endpoint.slow:
            return words.badge("slow", Level.WARNING)
        return words.badge("well", Level.GOOD) if endpoint.last_success_at else "–"

    @display(description="Last success")
    def last_success(self, endpoint: Endpoint) -> str:
        return words.ago(endpoint.last_success_at)

    @display(description="Pending")
    def pending(self, endpoint: Any) -> str:
        return f"{endpoint.pending:,}"

    @display(description="Dead")
    def dead(self, endpoint: Any) -> str:
        return f"{endpoint.dead:,}"

    @display(description="Created")
    def created(self, endpoint: Endpoint) -> str:
        return words.ago(endpoint.created_at)

    @display(description="Deliveries")
    def shown_deliveries(self, endpoint: Any) -> str:
        url = f"{reverse('admin:webhooks_delivery_changelist')}?endpoint__id__exact={endpoint.pk}"
        said = f"{endpoint.pending:,} pending, {endpoint.dead:,} dead, and the delivered"
        return format_html('<a href="{}">{}</a>', url, said)

    @action(
        description="Disable",
        url_path="disable",
        permissions=["disable"],
        icon="pause_circle",
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Disable this endpoint?",
            "description": "Nothing is posted to it any more. What waits for it becomes dead letters.",
            "form_class": None,
            "form_submit_text": "Disable",
        },
    )
    def disable_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        done = health.disable(uuid.UUID(object_id), DisabledReason.OPERATOR, actor=actor_of(request))
        return self._switched(request, object_id, done, "Disabled; what waited for it is now dead letters.")

    @action(
        description="Enable",
        url_path="enable",
        permissions=["enable"],
        icon="play_circle",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": "Enable this endpoint?",
            "description": "It gets what happens from now on. Dead letters can be sent again from their list.",
            "form_class": None,
            "form_submit_text": "Enable",
        },
    )
    def enable_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        done = endpoints.revive(uuid.UUID(object_id), actor=actor_of(request))
        return self._switched(request, object_id, done, "Enabled; it gets what happens from now on.")

    def _switched(self, request: HttpRequest, object_id: str, done: bool, words_done: str) -> HttpResponse:
        messages.success(request, words_done) if done else messages.info(request, "Nothing to change.")
        return go(request, reverse("admin:webhooks_endpoint_change", args=[object_id]))


@admin.register(Delivery)
class DeliveryAdmin(RecordAdmin):
    list_display = ("kind", "endpoint", "shown_state", "result", "attempts", "created", "next_try", "webhook_id")
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
        return bool(request.user.has_perm("webhooks.change_delivery"))

    @display(description="Event")
    def kind(self, delivery: Delivery) -> str:
        return delivery.event.kind

    @display(description="webhook-id")
    def webhook_id(self, delivery: Delivery) -> str:
        return public_id(delivery.event_id)

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
        url = f"{reverse('admin:webhooks_attempt_changelist')}?delivery__id__exact={delivery.pk}"
        return format_html('<a href="{}">Every attempt of this delivery</a>', url)

    @admin.action(description="Send again", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        ids = list(queryset.order_by().values_list("pk", flat=True)[: self.list_per_page])
        count = replay.rows(ids, actor=actor_of(request))
        messages.success(request, f"{count} {'delivery is' if count == 1 else 'deliveries are'} sent again.")


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
        return format_html('<a href="{}">{}</a>', url, attempt.delivery_id)

    @display(description="Result")
    def result(self, attempt: Attempt) -> str:
        return result_badge(attempt.status, attempt.error)

    @display(description="Took")
    def took(self, attempt: Attempt) -> str:
        return f"{attempt.duration_ms:,} ms"

    @display(description="Answer")
    def answer(self, attempt: Attempt) -> str:
        text = answer_of(attempt)
        return format_html('<pre style="white-space: pre-wrap">{}</pre>', text) if text else "–"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        page: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        if page.status_code == 200:
            record(actor_of(request), "attempt.read", object_id)
        return page
