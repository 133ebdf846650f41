"""The audit as the operator sees it: who did what to what. It can only be read."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import display

from postbox.audit.models import AuditRecord
from postbox.desk import words
from postbox.desk.admin import RecordAdmin


@admin.register(AuditRecord)
class AuditRecordAdmin(RecordAdmin):
    list_display = ("when", "actor", "shown_action", "subject", "shown_detail")
    search_fields = ("subject",)
    search_help_text = "Whole subject (an id) or action"
    ordering = ("-id",)
    fields = ("at", "actor", "shown_action", "subject", "shown_detail")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditRecord], search_term: str
    ) -> tuple[QuerySet[AuditRecord], bool]:
        text = search_term.strip()
        return (queryset.filter(Q(subject=text) | Q(action=text)) if text else queryset), False

    @display(description="When")
    def when(self, record: AuditRecord) -> str:
        return words.ago(record.at)

    @display(description="Action")
    def shown_action(self, record: AuditRecord) -> str:
        return words.badge(record.action)

    @display(description="Detail")
    def shown_detail(self, record: AuditRecord) -> str:
        known = {name: value for name, value in record.detail.items() if value is not None}
        return format_html("<code>{}</code>", json.dumps(known, ensure_ascii=False)) if known else "–"
