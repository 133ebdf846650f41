"""What an operator may do with messages by driving the pipeline: release, quarantine, score again, apply rules again.

Decides who may (those with the right to change messages) and puts it on record.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.enums import ActionVariant

from postbox.audit.record import record
from postbox.desk.admin import actor_of, go
from postbox.events import wakeups
from postbox.ingest import desk as desk  # registers rules and what is looked at again
from postbox.ingest import reexaminations
from postbox.ingest.models import Again
from postbox.ingest.release import quarantine, release
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail.admin import MessageAdmin
from postbox.mail.keys import KeyErased
from postbox.mail.models import IllegalTransition, Message, Status

_AT_ONCE = 1_000

admin.site.unregister(Message)


@admin.register(Message)
class OperatedMessageAdmin(MessageAdmin):
    """Messages with the actions that need the pipeline."""

    actions = ("release_selected", "quarantine_selected", "rescore_selected", "reapply_selected")
    actions_detail = ("release_one", "quarantine_one", "rescore_one", "reapply_one", *MessageAdmin.actions_detail)

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mail.change_message"))

    def has_release_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, Status.QUARANTINED)

    def has_quarantine_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, Status.PROCESSED)

    def has_rescore_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, Status.QUARANTINED, Status.PROCESSED)

    has_reapply_permission = has_rescore_permission

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
        self._again(request, Again.RESCORE, list(queryset.values_list("pk", flat=True)[:_AT_ONCE]))

    @admin.action(description="Apply rules again", permissions=["operate"])
    def reapply_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self._again(request, Again.REAPPLY, list(queryset.values_list("pk", flat=True)[:_AT_ONCE]))

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
            "description": "A worker judges it anew; its state may change, unless an operator decided on it.",
            "form_class": None,
            "form_submit_text": "Score again",
        },
    )
    def rescore_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._again(request, Again.RESCORE, list(Message.objects.filter(pk=object_id).values_list("pk", flat=True)))
        return _back(request, object_id)

    @action(
        description="Apply rules",
        url_path="reapply",
        permissions=["reapply"],
        icon="rule",
        dialog={
            "title": "Apply the agent's rules again?",
            "description": "As they are now. Folder, labels and state may change; nothing is forwarded or answered.",
            "form_class": None,
            "form_submit_text": "Apply",
        },
    )
    def reapply_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._again(request, Again.REAPPLY, list(Message.objects.filter(pk=object_id).values_list("pk", flat=True)))
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

    def _again(self, request: HttpRequest, kind: Again, ids: list[uuid.UUID]) -> None:
        for pk in ids:
            record(actor_of(request), f"message.{kind.value}_asked", pk)
        reexaminations.ask(kind, actor=actor_of(request), ids=ids)
        does = {Again.RESCORE: "scores", Again.REAPPLY: "applies the rules to"}[kind]
        try:
            wakeups.publish(reexaminations.WORK[kind], force=True)
        except Exception as error:  # whatever the transport raises: the sweep finds what was asked for
            messages.warning(request, f"The broker is away ({type(error).__name__}); it is done once it is back.")
            return
        messages.success(request, f"A worker {does} {len(ids)} again; reload in a moment.")


def _back(request: HttpRequest, object_id: str) -> HttpResponse:
    return go(request, reverse("admin:mail_message_change", args=[object_id]))
