"""What an operator sees of rules and of mail that is looked at again, where the pipeline is needed for it.

Decides that trying a rule is for those who may read mail, goes over the newest mail a stretch at a time, changes
nothing and is on record.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display

from postbox.audit.record import record
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, Since, actor_of
from postbox.desk.ids import as_uuid
from postbox.desk.subjects import actor, links, shown
from postbox.desk.words import Level
from postbox.ingest.models import Reexamination
from postbox.ingest.trial import try_rule
from postbox.mail.reading import ReadVerdict
from postbox.rules import step
from postbox.rules.admin import RIGHT, InboundRuleAdmin
from postbox.rules.compiled import compile_rule
from postbox.rules.models import InboundRule

_TRIED = 200
_SHOWN = 100
_NAMED = re.compile("Rule “([^”]{1,100})”:")

admin.site.unregister(InboundRule)


def rules_named(agent_id: uuid.UUID, verdicts: Iterable[ReadVerdict]) -> list[tuple[str, str]]:
    """The rules that a message's verdict names: each with its page, or with none where it is gone. One query."""
    said = " ".join(verdict.words for verdict in verdicts if verdict.step == step.name)
    names = list(dict.fromkeys(_NAMED.findall(said)))
    if not names:
        return []
    found = dict(InboundRule.objects.filter(agent_id=agent_id, name__in=names).values_list("name", "pk"))
    return [
        (name, reverse("admin:rules_inboundrule_change", args=[found[name]]) if name in found else "") for name in names
    ]


@admin.register(InboundRule)
class TriedRuleAdmin(InboundRuleAdmin):
    """Rules with the page that needs the pipeline."""

    actions_detail = ("try_one", *InboundRuleAdmin.actions_detail)

    def has_try_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT) and bool(request.user.has_perm("mail.view_message"))

    @action(description="Try on stored mail", url_path="try", permissions=["try"], icon="science")
    def try_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page; a post tries, from the message ``before`` back."""
        rule = self.get_object(request, object_id)
        if rule is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": rule,
            "rule": rule,
            "does": self.does(rule),
            "at_once": _TRIED,
            "title": "Try this rule",
        }
        if request.method == "POST":
            context |= self._tried(request, rule)
        return TemplateResponse(request, "ingest/try_rule.html", context)

    def _tried(self, request: HttpRequest, rule: InboundRule) -> dict[str, Any]:
        compiled = compile_rule(rule.id, rule.name, rule.match, rule.actions)
        before = as_uuid(request.POST.get("before", ""))
        trial = try_rule(rule.agent_id, compiled, _TRIED, before=before)
        matched = len(trial.messages)
        record(actor_of(request), "rule.tried", rule.pk, tried=trial.tried, matched=matched)
        return {
            "trial": trial,
            "matched": matched,
            "found": [(one, ", ".join(one["would"])) for one in trial.messages[:_SHOWN]],
            "more": trial.last if trial.looked_at == _TRIED or not trial.complete else None,
            "earlier": before is not None,
        }


@admin.register(Reexamination)
class ReexaminationAdmin(RecordAdmin):
    list_display = ("shown_kind", "agent", "progress", "passed_over", "created", "finished")
    list_display_links = ("shown_kind",)
    list_select_related = ("agent",)
    list_filter = ("kind", Since, ("agent", AutocompleteSelectFilter))
    list_filter_submit = True
    ordering = ("-id",)
    fields = (
        "shown_kind", "agent", "since", "bar", "total", "done", "passed_over", "shown_asker", "created_at",
        "finished_at", "id",
    )  # fmt: skip
    readonly_fields = ("shown_kind", "bar", "shown_asker")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        page: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        job = self._row(request, object_id)
        if job is not None and not job.finished_at:
            page.headers["Refresh"] = "3"  # seconds, until it is done
        return page

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        job = super().get_object(request, object_id, from_field)
        if job is not None:
            asker = actor(job.asked_by)
            job.asker = shown(asker, links(request, [asker]))
        return job

    @display(description="Asked by")
    def shown_asker(self, job: Any) -> str:
        return str(job.asker)

    @display(description="Progress")
    def bar(self, job: Reexamination) -> str:
        said = f"{job.done + job.passed_over:,} of {job.total:,}"
        most = max(job.total, 1)
        return format_html(
            '<progress class="pbx-progress" max="{}" value="{}"></progress> {}', most, job.done + job.passed_over, said
        )

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
