"""What an operator sees of rules and of mail that is looked at again, where the pipeline is needed for it.

Decides that trying a rule shows ids and what would be done, and nothing of what a mail says.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display

from postbox.audit.record import record
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, Since, actor_of, go
from postbox.desk.words import Level
from postbox.ingest.models import Reexamination
from postbox.ingest.trial import try_rule
from postbox.rules.admin import InboundRuleAdmin
from postbox.rules.compiled import compile_rule
from postbox.rules.models import InboundRule

_TRIED = 50
_SHOWN = 10

admin.site.unregister(InboundRule)


@admin.register(InboundRule)
class TriedRuleAdmin(InboundRuleAdmin):
    """Rules with the action that needs the pipeline."""

    actions_detail = ("try_one", *InboundRuleAdmin.actions_detail)

    def has_try_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("rules.change_inboundrule"))

    @action(
        description="Try",
        url_path="try",
        permissions=["try"],
        icon="science",
        dialog={
            "title": "Try this rule?",
            "description": f"On the agent's newest {_TRIED} messages. Nothing is changed.",
            "form_class": None,
            "form_submit_text": "Try",
        },
    )
    def try_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        rule = self.get_object(request, object_id)
        if rule is not None:
            trial = try_rule(rule.agent_id, compile_rule(rule.id, rule.name, rule.match, rule.actions), _TRIED)
            record(actor_of(request), "rule.tried", rule.pk, tried=trial.tried, matched=len(trial.messages))
            messages.info(request, f"Of {trial.tried} messages it matches {len(trial.messages)}.")
            for found in trial.messages[:_SHOWN]:
                messages.info(request, f"{found['id']}: {', '.join(found['would'])}")
        return go(request, reverse("admin:rules_inboundrule_change", args=[object_id]))


@admin.register(Reexamination)
class ReexaminationAdmin(RecordAdmin):
    list_display = ("shown_kind", "agent", "progress", "passed_over", "asked_by", "created", "finished")
    list_select_related = ("agent",)
    list_filter = ("kind", Since, ("agent", AutocompleteSelectFilter))
    list_filter_submit = True
    ordering = ("-id",)
    fields = (
        "shown_kind", "agent", "since", "progress", "passed_over", "asked_by", "created_at", "finished_at", "id",
    )  # fmt: skip
    readonly_fields = ("shown_kind", "progress")

    @display(description="What")
    def shown_kind(self, job: Reexamination) -> str:
        return job.get_kind_display()

    @display(description="Progress")
    def progress(self, job: Reexamination) -> str:
        said = f"{job.done + job.passed_over:,} of {job.total:,}"
        return words.badge(said, Level.GOOD if job.finished_at else Level.INFO)

    @display(description="Asked")
    def created(self, job: Reexamination) -> str:
        return words.ago(job.created_at)

    @display(description="Finished")
    def finished(self, job: Reexamination) -> str:
        return words.ago(job.finished_at)
