"""Send quotas as the operator sets them: a limit for an agent, an owner or the system, and what of it is used.

Decides that a limit can be changed at any time and holds from the next mail on; what was counted is never edited. Of an
owner's and the system's, what was handed out in blocks and is left in them counts as not used.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.decorators import display

from outbound import quotas
from outbound.models import QuotaBlock, QuotaScope, SendQuota, Window
from outbound.quotas import default_limit, period_of
from postbox.audit.record import record
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, actor_of
from postbox.desk.words import Level
from postbox.lib import clock

_NEARLY = 0.8
_LEFT = (
    QuotaBlock.objects.filter(quota=OuterRef("pk"), period=OuterRef("period"))
    .order_by()
    .values("quota")
    .annotate(left_in_all=Sum("left"))
)


class QuotaForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = SendQuota
        fields = ("scope", "agent", "owner", "window", "limit")

    def clean(self) -> dict[str, Any]:
        """Whose it is must fit its scope, and there is one of each."""
        values: dict[str, Any] = super().clean() or {}
        scope = values.get("scope") or self.instance.scope
        if self.instance.pk is not None:
            return values
        agent, owner = values.get("agent"), values.get("owner")
        for field, named, wanted in (("agent", agent, QuotaScope.AGENT), ("owner", owner, QuotaScope.OWNER)):
            if scope == wanted and not named:
                self.add_error(field, f"Name the {field}.")
            if scope != wanted and named:
                self.add_error(field, f"Leave this out: the quota is the {scope}'s.")
        same = SendQuota.objects.filter(scope=scope, agent=agent, owner=owner, window=values.get("window"))
        if not self.errors and same.exists():
            raise ValidationError("There is such a quota; change its limit on its own page.")
        return values


@admin.register(SendQuota)
class SendQuotaAdmin(RecordAdmin):
    form = QuotaForm
    list_display = ("whose", "shown_scope", "window", "shown_limit", "shown_used")
    list_display_links = ("whose",)
    list_select_related = ("agent", "owner")
    list_filter = ("scope", "window")
    search_fields = ("agent__name", "owner__name")
    search_help_text = "Agent or owner"
    ordering = ("scope", "id")
    autocomplete_fields = ("agent", "owner")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("outbound.add_sendquota"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("outbound.change_sendquota"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        made = ("whose", "shown_scope", "window", "limit", "shown_limit", "shown_used")
        return QuotaForm.Meta.fields if obj is None else made

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("whose", "shown_scope", "window", "shown_limit", "shown_used")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SendQuota]:
        rows: QuerySet[SendQuota] = super().get_queryset(request)
        return rows.select_related("agent", "owner").annotate(left=Coalesce(Subquery(_LEFT.values("left_in_all")), 0))

    def save_model(self, request: HttpRequest, obj: SendQuota, form: Any, change: bool) -> None:
        """The limit alone: ``used`` is the gates' to write, who may be at it this very moment."""
        if change:
            obj.save(update_fields=["limit"])
            quotas.take_back(obj.pk)
        else:
            super().save_model(request, obj, form, change)
        record(actor_of(request), "quota.set", obj.pk, scope=obj.scope, window=obj.window, limit=obj.limit)

    @display(description="Whose")
    def whose(self, quota: SendQuota) -> str:
        return str(quota.agent or quota.owner or "everybody")

    @display(description="Kind")
    def shown_scope(self, quota: SendQuota) -> str:
        return str(quota.get_scope_display())

    @display(description="Holds")
    def shown_limit(self, quota: SendQuota) -> str:
        limit = _limit(quota)
        own = "" if quota.limit is not None else ", by the settings"
        return f"{'no limit' if limit is None else f'{limit:,}'} per {quota.window}{own}"

    @display(description="Used")
    def shown_used(self, quota: Any) -> str:
        used, limit = _used(quota), _limit(quota)
        if limit is None:
            return f"{used:,}"
        level = Level.DANGER if used >= limit else Level.WARNING if used >= limit * _NEARLY else Level.PLAIN
        return words.badge(f"{used:,} of {limit:,}", level)


def _limit(quota: SendQuota) -> int | None:
    return quota.limit if quota.limit is not None else default_limit(QuotaScope(quota.scope), Window(quota.window))


def _used(quota: Any) -> int:
    """In the window that is now; what was used in another one is past."""
    return int(quota.used - quota.left) if quota.period == period_of(Window(quota.window), clock.now()) else 0
