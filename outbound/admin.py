"""The outbox as the operator sees it: every sent mail, its recipients, and what a person decides of those that wait.

Decides who may (those with the right to change sent messages). Nothing is edited: release, reject and settle go by the
functions of outbound.held, one by one, so that one that cannot be done holds up no other.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from outbound import held, page
from outbound import words as said
from outbound.desk_filters import Held, is_in
from outbound.forms import RejectForm
from outbound.models import OutboundRecipient, Outgoing
from outbound.quota_admin import SendQuotaAdmin as SendQuotaAdmin
from outbound.report_admin import DeliveryReportAdmin as DeliveryReportAdmin
from postbox.api.errors import ApiError
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, Since, actor_of, go
from postbox.desk.ids import as_uuid
from postbox.mail.models import IllegalTransition, Status

RIGHT = "outbound.change_outgoing"
_AT_ONCE = 200
_MOST_FOUND = 1_000
_PEOPLE = OutboundRecipient.objects.filter(message=OuterRef("pk")).order_by().values("message")
Decide = Callable[..., None]


def _dialog(title: str, says: str, submit: str, form: Any = None) -> Any:
    return {"title": title, "description": says, "form_class": form, "form_submit_text": submit}


@admin.register(Outgoing)
class OutgoingAdmin(RecordAdmin):
    list_display = ("recipient", "shown_state", "why", "agent", "people", "created")
    list_display_links = ("recipient",)
    list_select_related = ("agent", "message")
    list_filter = ("state", Held, "origin", Since, ("agent", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("message_id",)  # shows the box; get_search_results says what is searched
    search_help_text = "Id, whole recipient address or the provider's id"
    ordering = ("-message_id",)
    change_form_template = "outbound/message.html"
    actions = ("release_selected", "reject_selected")
    actions_detail = ("release_one", "reject_one", "arrived_one", "again_one", "lost_one")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Outgoing]:
        rows: QuerySet[Outgoing] = super().get_queryset(request)
        people = Coalesce(Subquery(_PEOPLE.annotate(n=Count("pk")).values("n")), 0)
        back = Coalesce(Subquery(_PEOPLE.annotate(n=Count("bounced_at")).values("n")), 0)
        return rows.annotate(people=people, back=back)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Outgoing], search_term: str
    ) -> tuple[QuerySet[Outgoing], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if number := as_uuid(term):
            return queryset.filter(pk=number), False
        named = OutboundRecipient.objects.filter(address__in=[term, term.lower()]).order_by("-id")
        ids = set(named.values_list("message_id", flat=True)[:_MOST_FOUND])
        ids |= set(Outgoing.objects.filter(provider_id=term).values_list("pk", flat=True)[:_MOST_FOUND])
        return queryset.filter(pk__in=ids), False

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(RIGHT))

    def has_held_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_decide_permission(request) and is_in(obj, Status.HELD)

    def has_unknown_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_decide_permission(request) and is_in(obj, Status.UNKNOWN)

    @display(description="To")
    def recipient(self, row: Any) -> str:
        more = format_html(' <span class="pbx-faint">+{}</span>', row.people - 1) if row.people > 1 else ""
        return format_html("<bdi>{}</bdi>{}", row.message.rcpt_to, more)

    @display(description="State")
    def shown_state(self, row: Outgoing) -> str:
        return said.of_state(row.state, row.get_state_display())

    @display(description="Why")
    def why(self, row: Any) -> str:
        came_back = f"Came back from {row.back} of {row.people}" if row.back else ""
        code = said.of_code(row.code) if row.code else ""
        parts = (code, said.of_wait(row.state, row.not_before, row.attempts), came_back)
        return ". ".join(part for part in parts if part) or "–"

    @display(description="Recipients")
    def people(self, row: Any) -> int:
        return int(row.people)

    @display(description="Created")
    def created(self, row: Outgoing) -> str:
        return words.ago(row.created_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        extra = dict(extra_context or {})
        if row is not None and self.has_view_permission(request, row):
            extra |= page.of(request, row)
        answer: HttpResponse = super().change_view(request, object_id, form_url, extra)
        return answer

    @admin.action(description="Release held mail", permissions=["decide"])
    def release_selected(self, request: HttpRequest, queryset: QuerySet[Outgoing]) -> HttpResponse | None:
        return self._asked(request, queryset, "release", held.release, "released")

    @admin.action(description="Reject held mail", permissions=["decide"])
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Outgoing]) -> HttpResponse | None:
        return self._asked(request, queryset, "reject", held.reject, "rejected")

    @action(
        description="Release",
        url_path="release",
        permissions=["held"],
        icon="outgoing_mail",
        variant=ActionVariant.PRIMARY,
        dialog=_dialog("Release this mail?", "It is counted in the agent's quota and goes out now.", "Release"),
    )
    def release_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._one(request, object_id, held.release, "released")

    @action(
        description="Reject",
        url_path="reject",
        permissions=["held"],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog=_dialog("Reject this mail?", "Nobody gets it. The agent is told that it failed.", "Reject", RejectForm),
    )
    def reject_one(self, request: HttpRequest, form: RejectForm, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        return self._one(request, object_id, partial(held.reject, reason=reason), "rejected")

    @action(
        description="It arrived",
        url_path="arrived",
        permissions=["unknown"],
        icon="mark_email_read",
        dialog=_dialog("Did it arrive?", "It counts as accepted. Nothing is sent.", "It arrived"),
    )
    def arrived_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._one(request, object_id, partial(held.settle, after=Status.ACCEPTED), "settled as accepted")

    @action(
        description="Send again",
        url_path="again",
        permissions=["unknown"],
        icon="forward_to_inbox",
        dialog=_dialog("Send it again?", "If the server took it before, its recipients get it twice.", "Send again"),
    )
    def again_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._one(request, object_id, partial(held.settle, after=Status.QUEUED), "queued again")

    @action(
        description="It did not arrive",
        url_path="lost",
        permissions=["unknown"],
        icon="unsubscribe",
        dialog=_dialog("Did it not arrive?", "It counts as failed. Nothing is sent.", "It did not arrive"),
    )
    def lost_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._one(request, object_id, partial(held.settle, after=Status.FAILED), "settled as failed")

    def _one(self, request: HttpRequest, object_id: str, decide: Decide, done: str) -> HttpResponse:
        self._each(request, [object_id], decide, done)
        return go(request, reverse("admin:outbound_outgoing_change", args=[object_id]))

    def _asked(
        self, request: HttpRequest, rows: QuerySet[Outgoing], verb: str, decide: Decide, done: str
    ) -> HttpResponse | None:
        """First the page that asks, then, when it was answered, the deed."""
        chosen = list(rows.order_by("pk")[:_AT_ONCE])
        if request.POST.get("confirmed"):
            self._each(request, [row.pk for row in chosen], decide, done)
            return None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{verb.capitalize()} held mail?",
            "verb": verb,
            "action": f"{verb}_selected",
            "rows": [(row, self.shown_state(row), self.why(row)) for row in chosen],
            "waiting": sum(row.state == Status.HELD for row in chosen),
            "back": reverse("admin:outbound_outgoing_changelist"),
        }
        return TemplateResponse(request, "outbound/confirm.html", context)

    def _each(self, request: HttpRequest, ids: list[Any], decide: Decide, done: str) -> None:
        moved = 0
        for pk in ids:
            try:
                decide(pk, actor=actor_of(request))
                moved += 1
            except Outgoing.DoesNotExist:
                messages.warning(request, f"{pk}: there is no such mail.")
            except (IllegalTransition, ApiError) as error:
                messages.warning(request, f"{pk}: {str(error).rstrip('.')}.")
        if moved:
            messages.success(request, f"{moved} {'mail' if moved == 1 else 'mails'} {done}.")
