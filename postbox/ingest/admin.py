"""What an operator may do with messages by driving the pipeline: release, reject, quarantine, judge them again.

Decides who may (those with the right to change messages) and puts it on record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from postbox.audit.record import record
from postbox.desk.actions import DANGER, PRIMARY, asked
from postbox.desk.admin import actor_of
from postbox.desk.words import several
from postbox.events import wakeups
from postbox.ingest import (
    desk,
    reexaminations,
)  # the desks register rules, policies, what is looked at again
from postbox.ingest.models import Again
from postbox.ingest.policy_desk import TriedPolicyAdmin as TriedPolicyAdmin
from postbox.ingest.release import quarantine, reject, release
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail.admin import MessageAdmin
from postbox.mail.keys import KeyErased
from postbox.mail.models import IllegalTransition, Message, Status

_AT_ONCE = 1_000
RIGHT = "mail.change_message"

admin.site.unregister(Message)


@admin.register(Message)
class OperatedMessageAdmin(MessageAdmin):
    """Messages with the actions that need the pipeline."""

    actions = ("release_selected", "reject_selected", "quarantine_selected", "rescore_selected", "reapply_selected")
    actions_detail = (
        "release_one", "reject_one", "quarantine_one", "rescore_one", "reapply_one", *MessageAdmin.actions_detail,
    )  # fmt: skip

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT)

    def has_release_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda row: row.status == Status.QUARANTINED)

    has_reject_permission = has_release_permission

    def has_quarantine_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda row: row.status == Status.PROCESSED)

    def has_rescore_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda row: row.status in (Status.QUARANTINED, Status.PROCESSED))

    has_reapply_permission = has_rescore_permission

    def opened(self, request: HttpRequest, message: Message) -> dict[str, Any]:
        shown = super().opened(request, message)
        reading = shown.get("reading")
        return shown | {"rules": desk.rules_named(message.agent_id, reading.verdicts) if reading else []}

    @admin.action(description="Release from quarantine", permissions=["operate"])
    def release_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self._each(request, queryset, release, "released")

    @admin.action(description="Reject what is in quarantine", permissions=["operate"])
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self._each(request, queryset, reject, "rejected")

    @admin.action(description="Quarantine", permissions=["operate"])
    def quarantine_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self._each(request, queryset, quarantine, "quarantined")

    @admin.action(description="Score again", permissions=["operate"])
    def rescore_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self._again(request, Again.RESCORE, queryset)

    @admin.action(description="Apply rules again", permissions=["operate"])
    def reapply_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self._again(request, Again.REAPPLY, queryset)

    @asked(
        "Release",
        path="release",
        permission="release",
        icon="outgoing_mail",
        title="Release this message?",
        says="It goes to its agent with its whole text, as if it had never been held.",
        look=PRIMARY,
    )
    def release_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._each(request, Message.objects.filter(pk=object_id), release, "released")
        return self.back(request, object_id)

    @asked(
        "Reject",
        path="reject",
        permission="reject",
        icon="delete",
        title="Reject this message?",
        says="It is refused for good: its agent never sees it, and nobody can release it any more. What it says stays "
        "readable here until it expires.",
        look=DANGER,
    )
    def reject_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._each(request, Message.objects.filter(pk=object_id), reject, "rejected")
        return self.back(request, object_id)

    @asked(
        "Quarantine",
        path="quarantine",
        permission="quarantine",
        icon="block",
        title="Quarantine this message?",
        says="Its agent is told, and no longer finds it in its list.",
    )
    def quarantine_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._each(request, Message.objects.filter(pk=object_id), quarantine, "quarantined")
        return self.back(request, object_id)

    @asked(
        "Score again",
        path="rescore",
        permission="rescore",
        icon="restart_alt",
        title="Score this message again?",
        says="A worker judges it anew; its state may change, unless an operator decided on it.",
    )
    def rescore_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._again(request, Again.RESCORE, Message.objects.filter(pk=object_id))
        return self.back(request, object_id)

    @asked(
        "Apply rules",
        path="reapply",
        permission="reapply",
        icon="rule",
        title="Apply the agent's rules again?",
        says="As they are now. Folder, labels and state may change; nothing is forwarded or answered.",
    )
    def reapply_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._again(request, Again.REAPPLY, Message.objects.filter(pk=object_id))
        return self.back(request, object_id)

    def _each(self, request: HttpRequest, queryset: QuerySet[Message], move: Callable[..., None], done: str) -> None:
        moved = 0
        for pk in queryset.values_list("pk", flat=True)[:_AT_ONCE]:
            try:
                move(pk, actor=actor_of(request))
                moved += 1
            except (IllegalTransition, KeyErased, SealBroken, MasterKeyMissing, Message.DoesNotExist) as error:
                messages.warning(request, f"{pk}: {error}.")
        if moved:
            messages.success(request, f"{several(moved, 'message')} {done}.")

    def _again(self, request: HttpRequest, kind: Again, queryset: QuerySet[Message]) -> None:
        ids = list(queryset.values_list("pk", flat=True)[:_AT_ONCE])
        for pk in ids:
            record(actor_of(request), f"message.{kind.value}_asked", pk)
        reexaminations.ask(kind, actor=actor_of(request), ids=ids)
        does = {Again.RESCORE: "scores", Again.REAPPLY: "applies the rules to"}[kind]
        try:
            wakeups.publish(reexaminations.WORK[kind], force=True)
        except Exception as error:  # whatever the transport raises: the sweep finds what was asked for
            messages.warning(request, f"The broker is away ({type(error).__name__}); it is done once it is back.")
            return
        messages.success(request, f"A worker {does} {several(len(ids), 'message')} again; reload in a moment.")
