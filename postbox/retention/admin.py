"""Retention at the desk: its runs, and legal holds, which are placed and lifted here."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import display

from postbox.desk import words
from postbox.desk.admin import RecordAdmin, actor_of
from postbox.desk.words import Level
from postbox.mail.models import Message
from postbox.retention import holds
from postbox.retention.models import LegalHold, Run


class HoldForm(ModelForm):
    """A hold on an agent or on a message that is there."""

    class Meta:
        model = LegalHold
        fields = ("agent", "message_id", "reason")

    def clean_message_id(self) -> Any:
        message_id = self.cleaned_data["message_id"]
        if message_id and not Message.objects.filter(pk=message_id).exists():
            raise ValidationError("There is no such message.")
        return message_id


@admin.register(LegalHold)
class LegalHoldAdmin(ModelAdmin):
    form = HoldForm
    list_display = ("subject", "reason", "placed")
    list_select_related = ("agent",)
    list_per_page = 50
    search_fields = ("message_id__exact", "agent__name")
    autocomplete_fields = ("agent",)
    readonly_fields = ("id", "created_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        typed = HoldForm.Meta.fields
        return typed if obj is None else (*typed, *self.readonly_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # What is held never changes; lift the hold and place another.
        return (*self.readonly_fields, "agent", "message_id") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:
        holds.place(obj, actor=actor_of(request))

    def delete_model(self, request: HttpRequest, obj: LegalHold) -> None:
        holds.lift(obj, actor=actor_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[LegalHold]) -> None:
        for hold in queryset:
            holds.lift(hold, actor=actor_of(request))

    @display(description="Held")
    def subject(self, hold: LegalHold) -> str:
        return f"agent {hold.agent}" if hold.agent_id else f"message {hold.message_id}"

    @display(description="Placed")
    def placed(self, hold: LegalHold) -> str:
        return words.ago(hold.created_at)


@admin.register(Run)
class RunAdmin(RecordAdmin):
    list_display = ("started", "shown_state", "days", "up_to", "shown_counts")
    ordering = ("-id",)
    fields = ("started_at", "shown_state", "finished_at", "not_before", "days", "cutoff", "shown_counts", "id")

    @display(description="Started")
    def started(self, run: Run) -> str:
        return words.ago(run.started_at)

    @display(description="State")
    def shown_state(self, run: Run) -> str:
        return words.badge("finished", Level.GOOD) if run.finished_at else words.badge("under way", Level.INFO)

    @display(description="Deleted up to")
    def up_to(self, run: Run) -> str:
        return words.exact(run.cutoff)

    @display(description="Deleted")
    def shown_counts(self, run: Run) -> str:
        return format_html("<code>{}</code>", json.dumps(run.counts)) if run.counts else "–"
