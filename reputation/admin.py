"""Suppressions, and how mail fared by recipient and by agent, as the operator sees them.

Decides that a suppression is added and lifted by the functions that the API uses, each with its audit record; what was
counted is never edited.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import EmailValidator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget

from postbox.desk import words
from postbox.desk.actions import PRIMARY, asked
from postbox.desk.admin import RecordAdmin, actor_of
from postbox.desk.ids import as_uuid
from postbox.desk.words import Level
from postbox.lib import clock
from reputation import recent
from reputation.models import EmailReputation, SenderDay, Suppression, SuppressionReason
from reputation.suppressions import lift, suppress

_AGENTS_SHOWN = 12


class SuppressionForm(forms.ModelForm):
    address = forms.CharField(max_length=254, validators=[EmailValidator()], widget=UnfoldAdminEmailInputWidget())

    class Meta:
        model = Suppression
        fields = ("owner", "agent", "address", "reason", "detail", "expires_at")

    def clean_address(self) -> str:
        return str(self.cleaned_data["address"]).lower()

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        agent, owner = values.get("agent"), values.get("owner")
        if agent and owner and agent.owner_id != owner.pk:
            self.add_error("agent", "This agent is another owner's.")
        return values

    def _get_validation_exclusions(self) -> set[str]:
        """Not by the address: one that is on the list already is given the longer life of the two."""
        return {*super()._get_validation_exclusions(), "address"}  # type: ignore[misc]


class LiveSuppressions(admin.SimpleListFilter):
    title = "state"
    parameter_name = "live"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "In force"), ("expired", "Expired"), ("lifted", "Lifted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> QuerySet[Suppression]:
        now = clock.now()
        if self.value() == "yes":
            return queryset.filter(Q(expires_at=None) | Q(expires_at__gt=now), lifted_at=None)
        if self.value() == "expired":
            return queryset.filter(expires_at__lte=now, lifted_at=None)
        return queryset.exclude(lifted_at=None) if self.value() == "lifted" else queryset


def is_live(row: Suppression) -> bool:
    return row.lifted_at is None and (row.expires_at is None or row.expires_at > clock.now())


@admin.register(Suppression)
class SuppressionAdmin(RecordAdmin):
    form = SuppressionForm
    list_display = ("shown_address", "shown_reason", "shown_state", "owner", "shown_agent", "expires", "created")
    list_display_links = ("shown_address",)
    list_select_related = ("owner", "agent")
    list_filter = (LiveSuppressions, "reason", ("owner", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("address__exact",)
    search_help_text = "Whole address"
    ordering = ("-id",)
    fields = (
        "shown_address", "shown_reason", "detail", "shown_state", "owner", "shown_agent", "expires_at", "lifted_at",
        "created_at", "id",
    )  # fmt: skip
    readonly_fields = ("shown_address", "shown_reason", "shown_state", "shown_agent")
    autocomplete_fields = ("owner", "agent")
    actions = ("lift_selected",)
    actions_detail = ("lift_one",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("reputation.add_suppression"))

    def has_lift_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, "reputation.change_suppression", is_live)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return SuppressionForm.Meta.fields if obj is None else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else super().get_readonly_fields(request, obj)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        term = search_term.strip().lower()
        return (queryset.filter(address=term) if term else queryset), False

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        made = suppress(
            obj.owner_id,
            obj.address,
            SuppressionReason(obj.reason),
            agent_id=obj.agent_id,
            detail=obj.detail,
            expires_at=obj.expires_at,
            actor=actor_of(request),
        )
        obj.pk = made.pk

    @display(description="Address")
    def shown_address(self, row: Suppression) -> str:
        return format_html("<bdi>{}</bdi>", row.address)

    @display(description="Reason")
    def shown_reason(self, row: Suppression) -> str:
        return str(row.get_reason_display())

    @display(description="State")
    def shown_state(self, row: Suppression) -> str:
        if row.lifted_at:
            return words.badge("Lifted", Level.PLAIN)
        return words.badge("In force", Level.DANGER) if is_live(row) else words.badge("Expired", Level.PLAIN)

    @display(description="For")
    def shown_agent(self, row: Suppression) -> str:
        return str(row.agent) if row.agent else "all its agents"

    @display(description="Expires")
    def expires(self, row: Suppression) -> str:
        if row.expires_at is None:
            return "never"
        left = (row.expires_at - clock.now()).total_seconds()
        return f"in {words.age(left)}" if left > 0 else words.ago(row.expires_at)

    @display(description="Added")
    def created(self, row: Suppression) -> str:
        return words.ago(row.created_at)

    @admin.action(description="Lift", permissions=["lift"])
    def lift_selected(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        rows = list(queryset.filter(lifted_at=None).order_by("pk")[: self.list_per_page])
        lifted = sum(lift(row.owner_id, row.address, actor=actor_of(request)) for row in rows)
        messages.success(request, f"{lifted} {'suppression is' if lifted == 1 else 'suppressions are'} lifted.")

    @asked(
        "Lift",
        path="lift",
        permission="lift",
        icon="lock_open",
        title="Lift this suppression?",
        says="The owner's agents may write to this address again; every entry of it ends.",
        look=PRIMARY,
    )
    def lift_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None and lift(row.owner_id, row.address, actor=actor_of(request)):
            messages.success(request, "The address may be written to again.")
        return self.back(request, object_id)


@admin.register(EmailReputation)
class EmailReputationAdmin(RecordAdmin):
    list_display = ("shown_address", "owner", "sent", "hard", "soft", "complained", "blocked", "last_sent")
    list_display_links = ("shown_address",)
    list_select_related = ("owner",)
    list_filter = (("owner", AutocompleteSelectFilter),)
    list_filter_submit = True
    search_fields = ("address__exact",)
    search_help_text = "Whole address"
    ordering = ("-id",)
    fields = (
        "shown_address", "owner", "sent", "hard_bounces", "soft_bounces", "complaints", "blocked", "last_bounce_type",
        "last_bounce_at", "last_sent_at",
    )  # fmt: skip
    readonly_fields = ("shown_address", "blocked")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[EmailReputation], search_term: str
    ) -> tuple[QuerySet[EmailReputation], bool]:
        term = search_term.strip().lower()
        return (queryset.filter(address=term) if term else queryset), False

    @display(description="Address")
    def shown_address(self, row: EmailReputation) -> str:
        return format_html("<bdi>{}</bdi>", row.address)

    @display(description="Hard bounces")
    def hard(self, row: EmailReputation) -> str:
        return words.badge(row.hard_bounces, Level.DANGER) if row.hard_bounces else "–"

    @display(description="Soft bounces")
    def soft(self, row: EmailReputation) -> str:
        return words.badge(row.soft_bounces, Level.WARNING) if row.soft_bounces else "–"

    @display(description="Complaints")
    def complained(self, row: EmailReputation) -> str:
        return words.badge(row.complaints, Level.DANGER) if row.complaints else "–"

    @display(description="Blocked")
    def blocked(self, row: EmailReputation) -> str:
        left = (row.blocked_until - clock.now()).total_seconds() if row.blocked_until else 0
        return words.badge(f"for {words.age(left)}", Level.DANGER) if left > 0 else "–"

    @display(description="Last sent")
    def last_sent(self, row: EmailReputation) -> str:
        return words.ago(row.last_sent_at)


@admin.register(SenderDay)
class SenderDayAdmin(RecordAdmin):
    list_display = ("day", "agent", "sent", "delivered", "bounced", "complained", "failed")
    list_select_related = ("agent",)
    list_filter = (("agent", AutocompleteSelectFilter),)
    list_filter_submit = True
    ordering = ("-day", "-id")
    fields = ("day", "agent", "sent", "delivered", "bounced", "complained", "failed")
    list_before_template = "reputation/senders.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """With the charts of the agent that the list is narrowed to, or of all and who sends the most."""
        agent = _agent(request)
        sent, back, total = recent.charts(agent)
        shown = {
            "sent_chart": sent,
            "back_chart": back,
            "total": total,
            "bounce_rate": total.share(total.bounced),
            "complaint_rate": total.share(total.complained),
            "days": recent.DAYS,
            "agents": [] if agent else recent.by_agent(_AGENTS_SHOWN),
            "title": "Sender reputation",
        }
        page: HttpResponse = super().changelist_view(request, (extra_context or {}) | shown)
        return page


def _agent(request: HttpRequest) -> Any:
    return as_uuid(request.GET.get("agent__id__exact", ""))
