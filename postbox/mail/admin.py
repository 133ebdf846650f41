"""Messages as the operator sees them: a list, a page of what a message says, and the thread around it.

Decides that opening messages (their subjects in a list, too) and raw mail is put on record. Nothing can be added or
edited here; what moves a message is added by the layers above (postbox.ingest.admin).
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display

from postbox.audit.record import record
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, RecordList, Since, actor_of, audit_of, go
from postbox.desk.subjects import actor, links, shown
from postbox.desk.words import Level
from postbox.identity.models import AgentKey
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail import lookup, thread_pages
from postbox.mail.badges import AUTH_LEVELS, OUTCOME_LEVELS, score_badge, status_badge
from postbox.mail.keys import KeyErased
from postbox.mail.models import Attachment, Direction, Message, Outcome, Status
from postbox.mail.opening import subjects
from postbox.mail.raw import raw_of
from postbox.mail.reading import NotReadable, Reading, read

_SUBJECT = 120
_KEPT = (Status.QUARANTINED, Status.REFUSED, Status.HELD)
_KEEPS = (Outcome.QUARANTINE, Outcome.HOLD, Outcome.REFUSE, Outcome.ERROR)
_ATTACHED = Attachment.objects.filter(message=OuterRef("pk")).order_by().values("message").annotate(n=Count("pk"))


class MessageList(RecordList):
    """The list with the subjects of its page, which are opened all at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        said = subjects(rows)
        for row in rows:
            row.subject = said[row.pk]
        self.result_list = rows
        if rows:  # ids are in the order of time, so two of them say which
            first, last = str(rows[-1].pk), str(rows[0].pk)
            record(actor_of(request), "message.subjects_read", last, first=first, count=len(rows))


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    list_display = ("sender", "subject", "recipient", "state", "score", "received")
    list_display_links = ("sender", "subject")
    list_select_related = ("agent",)
    list_filter = ("status", Since, ("agent", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("id",)  # shows the box; postbox.mail.lookup says what is searched
    search_help_text = "Id, recipient or whole sender address"
    ordering = ("-id",)
    change_form_template = "mail/message.html"
    actions_detail: tuple[str, ...] = ("download_raw",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordList]:
        return MessageList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("threads/", view(self.threads_view), name="mail_message_threads"),
            path("thread/<uuid:thread_id>/", view(self.thread_view), name="mail_message_thread"),
        ]
        return own + list(super().get_urls())

    def threads_view(self, request: HttpRequest) -> HttpResponse:
        return thread_pages.of_agent(self, request)

    def thread_view(self, request: HttpRequest, thread_id: uuid.UUID) -> HttpResponse:
        return thread_pages.one(self, request, thread_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        rows: QuerySet[Message] = super().get_queryset(request)
        return rows.annotate(attached=Coalesce(Subquery(_ATTACHED.values("n")), 0))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        return (lookup.find(queryset, search_term) if search_term.strip() else queryset), False

    def has_download_raw_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, "mail.download_raw")

    @display(description="From")
    def sender(self, message: Message) -> str:
        return format_html("<bdi>{}</bdi>", message.header_from or message.mail_from or "<>")

    @display(description="Subject")
    def subject(self, message: Any) -> str:
        if message.subject is None:
            said = format_html('<span class="pbx-faint">{}</span>', "–")
        else:
            said = format_html("<bdi>{}</bdi>", message.subject[:_SUBJECT] or "(no subject)")
        if not message.attached:
            return said
        files = words.several(message.attached, "attachment")
        return format_html(
            '<span class="material-symbols-outlined pbx-clip" title="{}">attach_file</span>{}', files, said
        )

    @display(description="To")
    def recipient(self, message: Message) -> str:
        return format_html('<span title="agent {}">{}</span>', message.agent.name, message.rcpt_to)

    @display(description="Status")
    def state(self, message: Message) -> str:
        return status_badge(message)

    @display(description="Score")
    def score(self, message: Message) -> str:
        return score_badge(message.injection_score)

    @display(description="Received")
    def received(self, message: Message) -> str:
        return words.ago(message.received_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        message = self.get_object(request, object_id)
        extra = dict(extra_context or {})
        if message is not None and self.has_view_permission(request, message):
            extra |= self.opened(request, message)
        page: HttpResponse = super().change_view(request, object_id, form_url, extra)
        return page

    def opened(self, request: HttpRequest, message: Message) -> dict[str, Any]:
        """What the page shows, put on record. Layers above may add to it."""
        decided, inbound = actor(message.decided_by), message.direction == Direction.INBOUND
        facts: dict[str, Any] = {
            "message": message,
            "state": status_badge(message),
            "score": score_badge(message.injection_score),
            "inbound": inbound,
            "auth": [
                (name, words.badge(result, AUTH_LEVELS.get(result, Level.PLAIN)))
                for name, result in (("SPF", message.spf), ("DKIM", message.dkim), ("DMARC", message.dmarc))
                if inbound
            ],
            "agent_url": reverse("admin:identity_agent_change", args=[message.agent_id]),
            "audit_url": audit_of(message.id),
            "decided_by": shown(decided, links(request, [decided])),
        }
        try:
            reading = read(message)
        except NotReadable as error:
            return facts | {"not_readable": str(error), "title": "Message"}
        record(actor_of(request), "message.read", message.id)
        taint = score_badge(reading.taint) if reading.taint is not None else ""
        held = _held(message, reading)
        return facts | {
            "reading": reading,
            "verdicts": _coloured(reading),
            "held": held,
            "spoke_against_it": [said for said in reading.content.reasons if said not in held],
            "taint": taint,
            "title": "Message",
        }

    @action(description="Raw mail", url_path="raw", permissions=["download_raw"], icon="download")
    def download_raw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message = self.get_object(request, object_id)
        if message is None:
            return go(request, reverse("admin:mail_message_changelist"))
        try:
            raw = raw_of(message.id, message.agent_id)
        except (KeyErased, AgentKey.DoesNotExist, SealBroken, MasterKeyMissing, OSError) as error:
            messages.error(request, f"The raw mail cannot be read: {type(error).__name__}.")
            return self.back(request, message.id)
        record(actor_of(request), "message.raw_read", message.id)
        disposition = f'attachment; filename="{message.id}.eml"'
        # Not message/rfc822: some browsers would open it.
        return HttpResponse(raw, content_type="application/octet-stream", headers={"Content-Disposition": disposition})


def _held(message: Message, reading: Reading) -> list[str]:
    """Why it is kept from its agent or from leaving, while it is."""
    if message.status not in _KEPT:
        return []
    return [verdict.words for verdict in reading.verdicts if verdict.outcome in _KEEPS and verdict.words]


def _coloured(reading: Reading) -> list[tuple[Any, str]]:
    return [
        (verdict, words.badge(verdict.label, OUTCOME_LEVELS[Outcome(verdict.outcome)])) for verdict in reading.verdicts
    ]
