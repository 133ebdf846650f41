"""Endpoints as the operator sees them: how they are, what waits for them, their last tries.

Decides what an operator may do here: disable and enable an endpoint, send its dead letters again, always by the
functions that the API uses. Nothing is edited. A URL's query is never shown. Deliveries are in webhooks.desk.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from postbox.desk import words
from postbox.desk.actions import DANGER, PRIMARY, asked
from postbox.desk.admin import RecordAdmin, actor_of
from postbox.desk.words import Level
from webhooks import endpoints, health, replay
from webhooks.desk import DeliveryAdmin as DeliveryAdmin
from webhooks.desk import result_badge
from webhooks.models import Attempt, Delivery, DeliveryState, DisabledReason, Endpoint, EndpointState

_ENDPOINT_LEVELS = {
    EndpointState.ACTIVE: Level.GOOD,
    EndpointState.DISABLED: Level.DANGER,
    EndpointState.DELETED: Level.PLAIN,
}
# The tries on an endpoint's page are looked for among so many of the newest.
_TRIES_LOOKED_AT, _TRIES_SHOWN = 5_000, 10
RIGHT = "webhooks.change_endpoint"


def _waiting(state: DeliveryState) -> Coalesce:
    rows = Delivery.objects.filter(endpoint=OuterRef("pk"), state=state).order_by().values("endpoint")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)


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
        "shown_url", "agent", "description", "shown_state", "shown_health", "shown_deliveries", "shown_tries",
        "shown_kinds", "last_success_at", "first_failure_at", "last_failure_at", "not_before", "disabled_at",
        "sequence", "created_at", "id",
    )  # fmt: skip
    readonly_fields = ("shown_url", "shown_kinds", "shown_state", "shown_health", "shown_deliveries", "shown_tries")
    actions_detail = ("resend_dead", "disable_one", "enable_one")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        rows: QuerySet[Endpoint] = super().get_queryset(request)
        return rows.annotate(pending=_waiting(DeliveryState.PENDING), dead=_waiting(DeliveryState.DEAD))

    def has_disable_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda row: row.state == EndpointState.ACTIVE)

    def has_enable_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda row: row.state == EndpointState.DISABLED)

    def has_resend_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda row: row.state == EndpointState.ACTIVE and row.dead)

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
        said = ((state, getattr(endpoint, name)) for state, name in (("pending", "pending"), ("dead", "dead")))
        counts = [f"{count:,} {state}" for state, count in said if count]
        words_said = f"All deliveries ({', '.join(counts)})" if counts else "All deliveries; none waits, none is dead"
        url = reverse("admin:webhooks_delivery_changelist", query={"endpoint__id__exact": str(endpoint.pk)})
        return format_html('<a class="pbx-link" href="{}">{}</a>', url, words_said)

    @display(description="Last tries")
    def shown_tries(self, endpoint: Endpoint) -> str:
        newest = Attempt.objects.order_by("-id").values_list("pk", flat=True).first() or 0
        rows = Attempt.objects.filter(pk__gt=newest - _TRIES_LOOKED_AT, delivery__endpoint=endpoint)
        rows = rows.select_related("delivery__event").defer("response", "delivery__event__body").order_by("-id")
        tries = [(row, result_badge(row.status, row.error)) for row in rows[:_TRIES_SHOWN]]
        return render_to_string("webhooks/tries.html", {"tries": tries, "looked_at": _TRIES_LOOKED_AT})

    @asked(
        "Send dead letters again",
        path="resend",
        permission="resend",
        icon="replay",
        title="Send its dead letters again?",
        says=f"The oldest first, at most {replay.MOST:,}, each under the webhook-id that it had.",
        look=PRIMARY,
    )
    def resend_dead(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        dead = Delivery.objects.filter(endpoint=uuid.UUID(object_id), state=DeliveryState.DEAD).order_by("id")
        count = replay.rows(list(dead.values_list("pk", flat=True)[: replay.MOST]), actor=actor_of(request))
        messages.success(request, f"{words.several(count, 'dead letter')} sent again.")
        return self.back(request, object_id)

    @asked(
        "Disable",
        path="disable",
        permission="disable",
        icon="pause_circle",
        title="Disable this endpoint?",
        says="Nothing is posted to it any more. What waits for it becomes dead letters.",
        look=DANGER,
    )
    def disable_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        done = health.disable(uuid.UUID(object_id), DisabledReason.OPERATOR, actor=actor_of(request))
        return self._switched(request, object_id, done, "Disabled; what waited for it is now dead letters.")

    @asked(
        "Enable",
        path="enable",
        permission="enable",
        icon="play_circle",
        title="Enable this endpoint?",
        says="It gets what happens from now on. Dead letters can be sent again from their list.",
        look=PRIMARY,
    )
    def enable_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        done = endpoints.revive(uuid.UUID(object_id), actor=actor_of(request))
        return self._switched(request, object_id, done, "Enabled; it gets what happens from now on.")

    def _switched(self, request: HttpRequest, object_id: str, done: bool, words_done: str) -> HttpResponse:
        messages.success(request, words_done) if done else messages.info(request, "Nothing to change.")
        return self.back(request, object_id)
