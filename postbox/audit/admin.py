"""The audit as the operator sees it: who did what to what. It can only be read.

Decides that ids are shown as what they stand for, as far as that is still there; the records themselves hold ids alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from postbox.audit.models import AuditRecord
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, RecordList
from postbox.desk.subjects import Subject, actor, links, shown


class AuditList(RecordList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = _named(request, list(self.result_list))


@admin.register(AuditRecord)
class AuditRecordAdmin(RecordAdmin):
    list_display = ("when", "shown_actor", "shown_action", "shown_subject", "shown_detail")
    search_fields = ("subject",)
    search_help_text = "Whole subject (an id) or action"
    ordering = ("-id",)
    fields = ("at", "shown_actor", "shown_action", "shown_subject", "subject", "shown_detail")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordList]:
        return AuditList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditRecord | None:
        found = super().get_object(request, object_id, from_field)
        return _named(request, [found])[0] if found else None

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return self.back(request, object_id)  # a record has no history

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditRecord], search_term: str
    ) -> tuple[QuerySet[AuditRecord], bool]:
        text = search_term.strip()
        return (queryset.filter(Q(subject=text) | Q(action=text)) if text else queryset), False

    @display(description="When")
    def when(self, record: AuditRecord) -> str:
        return words.ago(record.at)

    @display(description="Actor")
    def shown_actor(self, record: Any) -> str:
        subject = actor(record.actor)
        return shown(subject, record.known) if subject in record.known else record.actor

    @display(description="Action")
    def shown_action(self, record: AuditRecord) -> str:
        return words.badge(record.action)

    @display(description="Subject")
    def shown_subject(self, record: Any) -> str:
        return shown((record.action, record.subject), record.known)

    @display(description="Detail")
    def shown_detail(self, record: Any) -> str:
        said = [(name, shown((name, _said(value)), record.known)) for name, value in _details(record)]
        return (
            format_html('<span class="pbx-details">{}</span>', format_html_join(" ", "<i>{}</i> {}", said))
            if said
            else "–"
        )


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _named(request: HttpRequest, records: list[Any]) -> list[Any]:
    """Give each record ``known``: what its ids stand for. One query a table, whatever the page holds."""
    known = links(request, (subject for record in records for subject in _subjects(record)))
    for record in records:
        record.known = known
    return records


def _subjects(record: AuditRecord) -> Iterator[Subject]:
    yield actor(record.actor)
    yield record.action, record.subject
    for name, value in _details(record):
        yield name, _said(value)


def _details(record: AuditRecord) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in record.detail.items() if value is not None]
