"""What an operator may do with messages by driving the pipeline: release, quarantine, score again.

Decides who may (those with the right to change messages) and puts it on record.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from celery import current_app
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.enums import ActionVariant

from postbox.audit.record import record
from postbox.desk.admin import actor_of, go
from postbox.ingest.release import quarantine, release
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail.admin import MessageAdmin
from postbox.mail.keys import KeyErased
from postbox.mail.models import IllegalTransition, Message, Status

_AT_ONCE = 1_000
_RESCORE = "postbox.ingest.rescore"

admin.site.unregister(Message)


@admin.register(Message)
class OperatedMessageAdmin(MessageAdmin):
    """Messages with the actions that need the pipeline."""

    actions = ("release_selected", "quarantine_selected", "rescore_selected")
    actions_detail = ("release_one", "quarantine_one", "rescore_one", *MessageAdmin.actions_detail)

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mail.change_message"))

    def has_release_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, Status.QUARANTINED)

    def has_quarantine_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, Status.PROCESSED)

    def has_rescore_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, Status.QUARANTINED, Status.PROCESSED)

    def _may(self, request: HttpRequest, obj: Any, *states: Status) -> bool:
        """Whether the button belongs on this message's page; ``obj`` is its id there, and absent in a list."""
        if not self.has_operate_permission(request):
            return False
        if obj is None:
            return True
        message = obj if isinstance(obj, Message) else self.get_object(request, str(obj))
        return message is not None and message.status in states

    @admin.action(description="Release from quarantine", permissions=["operate"])
    def release_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self._each(request, queryset, release, "released")

    @admin.action(description="Quarantine", permissions=["operate"])
    def quarantine_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self._each(request, queryset, quarantine, "quarantined")

    @admin.action(description="Score again", permissions=["operate"])
    def rescore_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self._rescore(request, list(queryset.values_list("pk", flat=True)[:_AT_ONCE]))

    @action(
        description="Release",
        url_path="release",
        permissions=["release"],
        icon="outgoing_mail",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": "Release this message?",
            "description": "It goes to its agent with its whole text, as if it had never been held.",
            "form_class": None,
            "form_submit_text": "Release",
        },
    )
    def release_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._each(request, Message.objects.filter(pk=object_id), release, "released")
        return _back(request, object_id)

    @action(
        description="Quarantine",
        url_path="quarantine",
        permissions=["quarantine"],
        icon="block",
        dialog={
            "title": "Quarantine this message?",
            "description": "Its agent is told, and no longer finds it in its list.",
            "form_class": None,
            "form_submit_text": "Quarantine",
        },
    )
    def quarantine_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._each(request, Message.objects.filter(pk=object_id), quarantine, "quarantined")
        return _back(request, object_id)

    @action(
        description="Score again",
        url_path="rescore",
        permissions=["rescore"],
        icon="restart_alt",
        dialog={
            "title": "Score this message again?",
            "description": "A worker distils, scores and judges it anew; its state may change.",
            "form_class": None,
            "form_submit_text": "Score again",
        },
    )
    def rescore_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._rescore(request, list(Message.objects.filter(pk=object_id).values_list("pk", flat=True)))
        return _back(request, object_id)

    def _each(self, request: HttpRequest, queryset: QuerySet[Message], move: Callable[..., None], done: str) -> None:
        moved = 0
        for pk in queryset.values_list("pk", flat=True)[:_AT_ONCE]:
            try:
                move(pk, actor=actor_of(request))
                moved += 1
            except (IllegalTransition, KeyErased, SealBroken, MasterKeyMissing, Message.DoesNotExist) as error:
                messages.warning(request, f"{pk}: {error}.")
        if moved:
            messages.success(request, f"{moved} {'message' if moved == 1 else 'messages'} {done}.")

    def _rescore(self, request: HttpRequest, ids: Iterable[uuid.UUID]) -> None:
        wanted = [str(pk) for pk in ids]
        try:
            current_app.send_task(_RESCORE, args=[wanted], retry=False, ignore_result=True)
        except Exception as error:  # whatever the transport raises: nothing was asked of a worker
            messages.error(request, f"The broker does not take the task ({type(error).__name__}); try again later.")
            return
        for pk in wanted:
            record(actor_of(request), "message.rescore_asked", pk)
        messages.success(request, f"A worker scores {len(wanted)} again; reload in a moment.")


def _back(request: HttpRequest, object_id: str) -> HttpResponse:
    return go(request, reverse("admin:mail_message_change", args=[object_id]))
