"""What came back of sent mail, report by report; those that are of no message here stay visible."""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from outbound.models import DeliveryReport, ReportKind, ReportState
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, Since
from postbox.desk.ids import as_uuid
from postbox.desk.words import Level

_LEVELS = {
    ReportState.MATCHED: Level.GOOD,
    ReportState.WAITING: Level.INFO,
    ReportState.UNMATCHED: Level.WARNING,
}


@admin.register(DeliveryReport)
class DeliveryReportAdmin(RecordAdmin):
    list_display = ("address_shown", "shown_kind", "shown_state", "said", "source", "received")
    list_filter = ("state", "kind", Since)
    list_filter_submit = True
    search_fields = ("id",)  # shows the box; get_search_results says what is searched
    search_help_text = "Id of the message or of the report"
    ordering = ("-id",)
    fields = (
        "shown_kind", "shown_state", "address", "bounce_type", "is_hard", "detail", "source", "at", "received_at",
        "sent_mail", "message_id", "provider_id", "tries", "not_before", "id",
    )  # fmt: skip
    readonly_fields = ("shown_kind", "shown_state", "sent_mail")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeliveryReport]:
        rows: QuerySet[DeliveryReport] = super().get_queryset(request)
        return rows.select_related("recipient")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DeliveryReport], search_term: str
    ) -> tuple[QuerySet[DeliveryReport], bool]:
        """By the recipients of a message, which has an index; a report of no message here by its own id."""
        if not search_term.strip():
            return queryset, False
        number = as_uuid(search_term)
        if number is None:
            return queryset.none(), False
        found = queryset.filter(pk=number) | queryset.filter(recipient__message_id=number)
        return found, False

    @display(description="Recipient")
    def address_shown(self, report: DeliveryReport) -> str:
        address = report.address or (report.recipient.address if report.recipient else "")
        return format_html("<bdi>{}</bdi>", address or "not said")

    @display(description="Kind")
    def shown_kind(self, report: DeliveryReport) -> str:
        label = report.get_kind_display()
        if report.kind == ReportKind.BOUNCE:
            return words.badge(f"{'Hard' if report.is_hard else 'Soft'} bounce", Level.DANGER)
        return words.badge(label, Level.DANGER if report.kind == ReportKind.COMPLAINT else Level.GOOD)

    @display(description="State")
    def shown_state(self, report: DeliveryReport) -> str:
        return words.badge(report.get_state_display(), _LEVELS[ReportState(report.state)])

    @display(description="Said")
    def said(self, report: DeliveryReport) -> str:
        return format_html("<bdi>{}</bdi>", (report.detail or report.bounce_type)[:120] or "–")

    @display(description="Received")
    def received(self, report: DeliveryReport) -> str:
        return words.ago(report.received_at)

    @display(description="Sent mail")
    def sent_mail(self, report: DeliveryReport) -> str:
        if report.recipient is None:
            return "–"
        url = reverse("admin:outbound_outgoing_change", args=[report.recipient.message_id])
        return format_html('<a class="pbx-link" href="{}">{}</a>', url, report.recipient.message_id)
