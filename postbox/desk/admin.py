"""What the admin of every app stands on. Registers nothing itself.

Decides that records can be looked at and not edited, and how an operator is named in the audit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.admin import ShowFacets, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from postbox.desk.ids import first_id
from postbox.desk.paginator import EstimatedPaginator
from postbox.lib import clock


def actor_of(request: HttpRequest) -> str:
    """How the audit names an operator: by number, because a name is personal data."""
    return f"user:{request.user.pk}"


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Leave for ``url``, also out of a dialog, whose answer is not shown as a page."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def audit_of(subject: object) -> str:
    """Where the audit records of one thing are listed."""
    return reverse("admin:audit_auditrecord_changelist", query={"q": str(subject)})


class RecordList(ChangeList):
    """A list that claims a total only where it is narrowed: elsewhere its footer says how many there are."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class RecordAdmin(ModelAdmin):
    """A table of records: listed newest first, looked at one by one, never added, edited or deleted by hand."""

    list_per_page = 50
    list_max_show_all = 0
    list_disable_select_all = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by: tuple[str, ...] = ()
    paginator = EstimatedPaginator
    list_fullwidth = True
    compressed_fields = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordList]:
        return RecordList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def may(self, request: HttpRequest, obj: Any, right: str, fits: Callable[[Any], bool] = lambda row: True) -> bool:
        """Whether a button is for this operator and fits this row; ``obj`` is its id on a page, None in a list."""
        if not request.user.has_perm(right):
            return False
        if obj is None:
            return True
        row = obj if isinstance(obj, self.model) else self._row(request, str(obj))
        return row is not None and fits(row)

    def _row(self, request: HttpRequest, object_id: str) -> Any:
        """The row of a page, looked up once a request: each button asks for it."""
        known: dict[str, Any] = request.__dict__.setdefault("desk_rows", {})
        key = f"{self.opts.label_lower} {object_id}"
        if key not in known:
            known[key] = self.get_object(request, object_id)
        return known[key]

    def back(self, request: HttpRequest, object_id: object) -> HttpResponse:
        """Leave for the page of a row."""
        return go(request, reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[object_id]))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What the audit says of it, which unlike Django's own history also knows what came by the API."""
        return go(request, audit_of(object_id))


class Since(SimpleListFilter):
    """Rows made within some time, by their UUIDv7."""

    title = "time"
    parameter_name = "since"
    _SPANS = {
        "1h": ("Last hour", timedelta(hours=1)),
        "24h": ("Last 24 hours", timedelta(hours=24)),
        "7d": ("Last 7 days", timedelta(days=7)),
        "30d": ("Last 30 days", timedelta(days=30)),
    }

    def lookups(self, request: HttpRequest, model_admin: DjangoModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(name, words) for name, (words, _) in self._SPANS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = self._SPANS.get(self.value() or "")
        return queryset.filter(pk__gte=first_id(clock.now() - found[1])) if found else queryset
