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
from unfold.decorators import display

from outbound import held, page
from outbound import words as said
from outbound.desk_filters import Held
from outbound.forms import RejectForm
from outbound.models import OutboundRecipient, Outgoing, RecipientState
from outbound.quota_admin import SendQuotaAdmin as SendQuotaAdmin
from outbound.report_admin import DeliveryReportAdmin as DeliveryReportAdmin
from postbox.api.errors import ApiError
from postbox.desk import words
from postbox.desk.actions import DANGER, PRIMARY, asked
from postbox.desk.admin import RecordAdmin, Since, actor_of
from postbox.desk.ids import as_uuid
from postbox.mail.models import IllegalTransition, Status

RIGHT = "outbound.change_outgoing"
_AT_ONCE = 200
_MOST_FOUND = 1_000
_PEOPLE = OutboundRecipient.objects.filter(message=OuterRef("pk")).order_by().values("message")
Decide = Callable[..., None]


def _counted(state: RecipientState) -> Coalesce:
    return Coalesce(Subquery(_PEOPLE.filter(state=state).annotate(n=Count("pk")).values("n")), 0)


@admin.register(Outgoing)
class OutgoingAdmin(RecordAdmin):
    list_display = ("recipient", "shown_state", "why", "agent", "created")
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
        bounced, complained = (_counted(state) for state in (RecipientState.BOUNCED, RecipientState.COMPLAINED))
        return rows.annotate(people=people, bounced=bounced, complained=complained)

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

    def has_held_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda row: row.state == Status.HELD)

    def has_unknown_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda row: row.state == Status.UNKNOWN)

    @display(description="To")
    def recipient(self, row: Any) -> str:
        more = format_html(' <span class="pbx-faint">+{}</span>', row.people - 1) if row.people > 1 else ""
        return format_html("<bdi>{}</bdi>{}", row.message.rcpt_to, more)

    @display(description="State")
    def shown_state(self, row: Any) -> str:
        return said.of_outcome(row.state, row.get_state_display(), row.people, row.bounced, row.complained)

    @display(description="Why")
    def why(self, row: Any) -> str:
        came_back = said.of_back(row.people, row.bounced, row.complained)
        code = said.of_code(row.code) if row.code else ""
        parts = (code, said.of_wait(row.state, row.not_before, row.attempts), came_back)
        return ". ".join(part for part in parts if part) or "–"

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

    @admin.action(description="Release held mail", permissions=["held"])
    def release_selected(self, request: HttpRequest, queryset: QuerySet[Outgoing]) -> HttpResponse | None:
        return self._asked(request, queryset, "release", held.release, "released")

    @admin.action(description="Reject held mail", permissions=["held"])
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Outgoing]) -> HttpResponse | None:
        return self._asked(request, queryset, "reject", held.reject, "rejected")

    @asked(
        "Release",
        path="release",
        permission="held",
        icon="outgoing_mail",
        title="Release this mail?",
        says="It is counted in the agent's quota and goes out now.",
        look=PRIMARY,
    )
    def release_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._one(request, object_id, held.release, "released")

    @asked(
        "Reject",
        path="reject",
        permission="held",
        icon="block",
        title="Reject this mail?",
        says="Nobody gets it. The agent is told that it failed.",
        form=RejectForm,
        look=DANGER,
    )
    def reject_one(self, request: HttpRequest, form: RejectForm, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        return self._one(request, object_id, partial(held.reject, reason=reason), "rejected")

    @asked(
        "It arrived",
        path="arrived",
        permission="unknown",
        icon="mark_email_read",
        title="Did it arrive?",
        says="It counts as accepted. Nothing is sent.",
    )
    def arrived_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._one(request, object_id, partial(held.settle, after=Status.ACCEPTED), "settled as accepted")

    @asked(
        "Send again",
        path="again",
        permission="unknown",
        icon="forward_to_inbox",
        title="Send it again?",
        says="If the server took it before, its recipients get it twice.",
    )
    def again_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._one(request, object_id, partial(held.settle, after=Status.QUEUED), "queued again")

    @asked(
        "It did not arrive",
        path="lost",
        permission="unknown",
        icon="unsubscribe",
        title="Did it not arrive?",
        says="It counts as failed. Nothing is sent.",
    )
    def lost_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._one(request, object_id, partial(held.settle, after=Status.FAILED), "settled as failed")

    def _one(self, request: HttpRequest, object_id: str, decide: Decide, done: str) -> HttpResponse:
        self._each(request, [object_id], decide, done)
        return self.back(request, object_id)

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
