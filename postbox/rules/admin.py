"""Rules as the operator sees them: what they match, what they do, how often they hit; and turning one off or on.

Decides that a rule is the agent's: an operator never edits what it says.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from postbox.desk import words
from postbox.desk.actions import asked
from postbox.desk.admin import RecordAdmin, actor_of
from postbox.desk.words import Level
from postbox.rules import store
from postbox.rules.compiled import compile_rule
from postbox.rules.models import InboundRule
from postbox.rules.step import told

RIGHT = "rules.change_inboundrule"


@admin.register(InboundRule)
class InboundRuleAdmin(RecordAdmin):
    list_display = ("name", "agent", "does", "priority", "state", "shown_hits", "last_hit")
    list_select_related = ("agent",)
    list_filter = ("enabled", ("agent", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("id__exact", "name__startswith", "agent__name")
    search_help_text = "Id, agent or beginning of a name"
    ordering = ("agent", "priority", "id")
    fields = (
        "name", "agent", "state", "priority", "does", "shown_match", "shown_actions", "shown_hits", "last_hit_at",
        "created_at", "updated_at", "id",
    )  # fmt: skip
    readonly_fields = ("state", "does", "shown_match", "shown_actions", "shown_hits")
    actions_detail: tuple[str, ...] = ("enable_one", "disable_one")

    def has_enable_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda rule: not rule.enabled)

    def has_disable_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda rule: rule.enabled)

    @display(description="Does")
    def does(self, rule: InboundRule) -> str:
        return ", ".join(told(compile_rule(rule.id, rule.name, rule.match, rule.actions)))

    @display(description="State")
    def state(self, rule: InboundRule) -> str:
        return words.badge("on", Level.GOOD) if rule.enabled else words.badge("off", Level.PLAIN)

    @display(description="Hits")
    def shown_hits(self, rule: InboundRule) -> str:
        return f"{rule.hits:,}"

    @display(description="Last hit")
    def last_hit(self, rule: InboundRule) -> str:
        return words.ago(rule.last_hit_at)

    @display(description="Match")
    def shown_match(self, rule: InboundRule) -> str:
        return _json(rule.match)

    @display(description="Actions")
    def shown_actions(self, rule: InboundRule) -> str:
        return _json(rule.actions)

    @asked(
        "Turn off",
        path="disable",
        permission="disable",
        icon="pause_circle",
        title="Turn this rule off?",
        says="No mail is asked by it until it is on again.",
    )
    def disable_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._switch(request, object_id, enabled=False)

    @asked(
        "Turn on",
        path="enable",
        permission="enable",
        icon="play_circle",
        title="Turn this rule on?",
        says="It holds for mail that comes in from then on.",
    )
    def enable_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._switch(request, object_id, enabled=True)

    def _switch(self, request: HttpRequest, object_id: str, *, enabled: bool) -> HttpResponse:
        rule = self.get_object(request, object_id)
        if rule is not None:
            store.switch(rule.pk, enabled=enabled, actor=actor_of(request))
            messages.success(request, f"The rule is {'on' if enabled else 'off'}.")
        return self.back(request, object_id)


def _json(value: Any) -> str:
    return format_html('<pre class="pbx-trace">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False))
