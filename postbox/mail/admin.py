"""Messages as the operator sees them: a list of what is in the clear, and a page of what a message says.

Decides that opening a message or its raw mail is put on record. Nothing can be added or edited here; what
moves a message is added by the layers above (postbox.ingest.admin).
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display

from postbox.audit.record import record
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, Since, actor_of, go
from postbox.desk.words import Level
from postbox.identity.models import AgentKey
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail import lookup
from postbox.mail.keys import KeyErased
from postbox.mail.models import Attachment, AuthResult, Message, Outcome, Status
from postbox.mail.raw import raw_of
from postbox.mail.reading import NotReadable, Reading, read

STATUS_LEVELS = {
    Status.RECEIVED: Level.INFO,
    Status.PROCESSED: Level.GOOD,
    Status.QUARANTINED: Level.DANGER,
    Status.REFUSED: Level.PLAIN,
}
OUTCOME_LEVELS = {
    Outcome.PASS: Level.GOOD,
    Outcome.FLAG: Level.WARNING,
    Outcome.QUARANTINE: Level.DANGER,
    Outcome.REFUSE: Level.DANGER,
    Outcome.ERROR: Level.DANGER,
    Outcome.SKIP: Level.PLAIN,
}
AUTH_LEVELS: dict[str, Level] = {
    AuthResult.PASS: Level.GOOD,
    AuthResult.FAIL: Level.DANGER,
    AuthResult.SOFTFAIL: Level.WARNING,
    AuthResult.PERMERROR: Level.WARNING,
    AuthResult.TEMPERROR: Level.WARNING,
}
# Colours only; what is quarantined is for the score's own step to say.
_HIGH, _RAISED = 0.8, 0.3

_ATTACHED = Attachment.objects.filter(message=OuterRef("pk")).order_by().values("message").annotate(n=Count("pk"))


def score_badge(score: float | None) -> str:
    """An injection score, coloured."""
    if score is None:
        return "–"
    level = Level.DANGER if score > _HIGH else Level.WARNING if score > _RAISED else Level.GOOD
    return words.badge(f"{score:.2f}", level)


def status_badge(message: Message) -> str:
    """A message's state, coloured."""
    return words.badge(message.get_status_display(), STATUS_LEVELS[Status(message.status)])


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    list_display = ("sender", "recipient", "agent", "state", "score", "received", "attached")
    list_display_links = ("sender",)
    list_select_related = ("agent",)
    list_filter = ("status", Since, ("agent", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("id",)  # shows the box; postbox.mail.lookup says what is searched
    search_help_text = "Id, recipient or whole sender address"
    ordering = ("-id",)
    change_form_template = "mail/message.html"
    actions_detail: tuple[str, ...] = ("download_raw",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        rows: QuerySet[Message] = super().get_queryset(request)
        return rows.annotate(attached=Coalesce(Subquery(_ATTACHED.values("n")), 0))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        return (lookup.find(queryset, search_term) if search_term.strip() else queryset), False

    def has_download_raw_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mail.download_raw"))

    @display(description="From")
    def sender(self, message: Message) -> str:
        return format_html("<bdi>{}</bdi>", message.header_from or message.mail_from or "<>")

    @display(description="To")
    def recipient(self, message: Message) -> str:
        return message.rcpt_to

    @display(description="Status")
    def state(self, message: Message) -> str:
        return status_badge(message)

    @display(description="Injection score")
    def score(self, message: Message) -> str:
        return score_badge(message.injection_score)

    @display(description="Received")
    def received(self, message: Message) -> str:
        return words.ago(message.received_at)

    @display(description="Attachments")
    def attached(self, message: Any) -> str:
        return str(message.attached or "–")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        message = self.get_object(request, object_id)
        extra = dict(extra_context or {})
        if message is not None and self.has_view_permission(request, message):
            extra |= self._opened(request, message)
        page: HttpResponse = super().change_view(request, object_id, form_url, extra)
        return page

    def _opened(self, request: HttpRequest, message: Message) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "message": message,
            "state": status_badge(message),
            "score": score_badge(message.injection_score),
            "auth": [
                (name, words.badge(result, AUTH_LEVELS.get(result, Level.PLAIN)))
                for name, result in (("SPF", message.spf), ("DKIM", message.dkim), ("DMARC", message.dmarc))
            ],
            "agent_url": reverse("admin:identity_agent_change", args=[message.agent_id]),
            "audit_url": f"{reverse('admin:audit_auditrecord_changelist')}?q={message.id}",
        }
        try:
            reading = read(message)
        except NotReadable as error:
            return shown | {"not_readable": str(error), "title": "Message"}
        record(actor_of(request), "message.read", message.id)
        taint = score_badge(reading.taint) if reading.taint is not None else ""
        return shown | {"reading": reading, "verdicts": _coloured(reading), "taint": taint, "title": "Message"}

    @action(description="Raw mail", url_path="raw", permissions=["download_raw"], icon="download")
    def download_raw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message = self.get_object(request, object_id)
        if message is None:
            return go(request, reverse("admin:mail_message_changelist"))
        try:
            raw = raw_of(message.id, message.agent_id)
        except (KeyErased, AgentKey.DoesNotExist, SealBroken, MasterKeyMissing, OSError) as error:
            messages.error(request, f"The raw mail cannot be read: {type(error).__name__}.")
            return go(request, reverse("admin:mail_message_change", args=[message.id]))
        record(actor_of(request), "message.raw_read", message.id)
        disposition = f'attachment; filename="{message.id}.eml"'
        # Not message/rfc822: some browsers would open it.
        return HttpResponse(raw, content_type="application/octet-stream", headers={"Content-Disposition": disposition})


def _coloured(reading: Reading) -> list[tuple[Any, str]]:
    return [
        (verdict, words.badge(verdict.label, OUTCOME_LEVELS[Outcome(verdict.outcome)])) for verdict in reading.verdicts
    ]
