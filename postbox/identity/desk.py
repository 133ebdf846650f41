"""Agents at the desk: their state, and the ways to all that is theirs.

Decides who may pause, resume and kill an agent (those with the right to change agents). What is theirs is linked by the
names of routes: most of it is in layers above.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from postbox.desk import words
from postbox.desk.actions import DANGER, PRIMARY, asked
from postbox.desk.admin import actor_of
from postbox.desk.words import Level
from postbox.identity import states
from postbox.identity.alloc import allocate
from postbox.identity.forms import AgentForm, KillForm, ReasonForm
from postbox.identity.made import MadeAdmin, links_to
from postbox.identity.models import Address, AddressKind, Agent, AgentState

RIGHT = "identity.change_agent"
_STATE_LEVELS = {AgentState.ACTIVE: Level.GOOD, AgentState.PAUSED: Level.WARNING, AgentState.KILLED: Level.DANGER}
_ADDRESSES_LISTED, _ADDRESSES_SHOWN = 3, 50
# What a list is called, its route, and by what it is narrowed to an agent.
_THEIRS = (
    ("Messages", "mail_message_changelist", "agent__id__exact"),
    ("Conversations", "mail_message_threads", "agent"),
    ("Outbox", "outbound_outgoing_changelist", "agent__id__exact"),
    ("Reputation", "reputation_senderday_changelist", "agent__id__exact"),
    ("Quotas", "outbound_sendquota_changelist", "agent__id__exact"),
    ("Rules", "rules_inboundrule_changelist", "agent__id__exact"),
    ("Endpoints", "webhooks_endpoint_changelist", "agent__id__exact"),
    ("Addresses", "identity_address_changelist", "agent__id__exact"),
    ("API keys", "identity_apikey_changelist", "agent__id__exact"),
    ("Looked at again", "ingest_reexamination_changelist", "agent__id__exact"),
)


@admin.register(Agent)
class AgentAdmin(MadeAdmin):
    made_by = AgentForm
    list_display = ("name", "shown_state", "owner", "shown_addresses", "created")
    list_select_related = ("owner",)
    list_filter = ("state",)
    search_fields = ("name",)
    search_help_text = "Agent id"
    ordering = ("name",)
    fields = ("name", "owner", "shown_state", "state_reason", "all_addresses", "theirs", "id", "created_at")
    actions_detail = ("resume_one", "pause_one", "kill_one")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        rows: QuerySet[Agent] = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("addresses", Address.objects.filter(ended_at=None)))

    def has_resume_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda agent: agent.state != AgentState.ACTIVE)

    def has_pause_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda agent: agent.state == AgentState.ACTIVE)

    def has_kill_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, RIGHT, lambda agent: agent.state != AgentState.KILLED)

    @display(description="State")
    def shown_state(self, agent: Agent) -> str:
        return words.badge(agent.get_state_display(), _STATE_LEVELS[AgentState(agent.state)])

    @display(description="Addresses")
    def shown_addresses(self, agent: Agent) -> str:
        return _addresses(agent, _ADDRESSES_LISTED)

    @display(description="Addresses")
    def all_addresses(self, agent: Agent) -> str:
        return _addresses(agent, _ADDRESSES_SHOWN)

    @display(description="What is its own")
    def theirs(self, agent: Agent) -> str:
        return links_to(agent.pk, _THEIRS)

    @display(description="Created")
    def created(self, agent: Agent) -> str:
        return words.ago(agent.created_at)

    def save_model(self, request: HttpRequest, obj: Agent, form: ModelForm[Agent], change: bool) -> None:
        given = allocate(
            obj.owner,
            obj.name,
            local_part=form.cleaned_data["local_part"],
            domain=form.cleaned_data["domain"],
            actor=actor_of(request),
            by_operator=True,
        )
        obj.pk, obj.created_at = given.agent.pk, given.agent.created_at
        request.new_key = given.agent_key  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Agent, post_url_continue: str | None = None) -> HttpResponse:
        if key := request.new_key:  # type: ignore[attr-defined]
            return self.show_key(request, key, obj.name, obj)
        page: HttpResponse = super().response_add(request, obj, post_url_continue)
        return page

    @asked(
        "Resume",
        path="resume",
        permission="resume",
        icon="play_circle",
        title="Resume this agent?",
        says="It may send again. Keys that were revoked stay revoked.",
        form=ReasonForm,
        look=PRIMARY,
    )
    def resume_one(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._change(request, object_id, AgentState.ACTIVE, form)

    @asked(
        "Pause",
        path="pause",
        permission="pause",
        icon="pause_circle",
        title="Pause this agent?",
        says="It may not send until it is resumed. Mail for it comes in as before, and it can read it.",
        form=ReasonForm,
    )
    def pause_one(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._change(request, object_id, AgentState.PAUSED, form)

    @asked(
        "Kill",
        path="kill",
        permission="kill",
        icon="dangerous",
        title="Kill this agent?",
        says="It may not send, and what it wrote stays here. Mail for it is still taken in, so that none is lost.",
        form=KillForm,
        look=DANGER,
    )
    def kill_one(self, request: HttpRequest, form: KillForm, object_id: str) -> HttpResponse:
        return self._change(request, object_id, AgentState.KILLED, form)

    def _change(self, request: HttpRequest, object_id: str, state: AgentState, form: ReasonForm) -> HttpResponse:
        values = form.cleaned_data
        ends_keys = bool(values.get("revoke_keys"))
        states.change(uuid.UUID(object_id), state, values["reason"], actor=actor_of(request), revoke_keys=ends_keys)
        messages.success(request, f"The agent is {state.label.lower()}{'; its keys are revoked' if ends_keys else ''}.")
        return self.back(request, object_id)


def _addresses(agent: Agent, most: int) -> str:
    known = sorted(agent.addresses.all(), key=lambda row: (row.kind != AddressKind.PRIMARY, row.address))
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(row.address for row in known[:most]) + more or "–"
