"""Owners, agents, addresses, keys and the operators themselves; domains are beside it, in domain.admin.

Decides what an operator may make here, always by the functions that the API uses, so that every key and address has its
audit record. A key is shown once, on the answer to the form that made it; its digest is never shown.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Count, Prefetch, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from postbox.audit.record import record
from postbox.desk import words
from postbox.desk.admin import actor_of, go
from postbox.desk.words import Level
from postbox.identity.alloc import allocate
from postbox.identity.domain.admin import DomainAdmin as DomainAdmin
from postbox.identity.forms import AddressForm, AgentForm, KeyForm
from postbox.identity.keys import digest, issue, revoke
from postbox.identity.made import MadeAdmin
from postbox.identity.models import Address, AddressKind, Agent, AgentState, ApiKey, KeyKind, Owner
from postbox.lib import clock

_STATE_LEVELS = {AgentState.ACTIVE: Level.GOOD, AgentState.PAUSED: Level.WARNING, AgentState.KILLED: Level.DANGER}


@admin.register(Owner)
class OwnerAdmin(ModelAdmin):
    list_display = ("name", "email", "agent_count", "created")
    search_fields = ("name",)
    list_per_page = 50
    readonly_fields = ("id", "created_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Owner, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        record(actor_of(request), "owner.changed" if change else "owner.created", obj.pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Owner]:
        rows: QuerySet[Owner] = super().get_queryset(request)
        return rows.annotate(agent_count=Count("agents"))

    @display(description="Agents")
    def agent_count(self, owner: Any) -> int:
        return int(owner.agent_count)

    @display(description="Created")
    def created(self, owner: Owner) -> str:
        return words.ago(owner.created_at)


@admin.register(Agent)
class AgentAdmin(MadeAdmin):
    made_by = AgentForm
    list_display = ("name", "shown_state", "owner", "shown_addresses", "created")
    list_select_related = ("owner",)
    list_filter = ("state",)
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name", "owner", "shown_state", "state_reason", "shown_addresses", "id", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        rows: QuerySet[Agent] = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("addresses", Address.objects.filter(ended_at=None)))

    @display(description="State")
    def shown_state(self, agent: Agent) -> str:
        return words.badge(agent.get_state_display(), _STATE_LEVELS[AgentState(agent.state)])

    @display(description="Addresses")
    def shown_addresses(self, agent: Agent) -> str:
        known = sorted(agent.addresses.all(), key=lambda row: (row.kind != AddressKind.PRIMARY, row.address))
        more = f" and {len(known) - 3} more" if len(known) > 3 else ""
        return ", ".join(row.address for row in known[:3]) + more or "–"

    @display(description="Created")
    def created(self, agent: Agent) -> str:
        return words.ago(agent.created_at)

    def save_model(self, request: HttpRequest, obj: Agent, form: ModelForm, change: bool) -> None:
        given = allocate(
            obj.owner,
            obj.name,
            local_part=form.cleaned_data["local_part"],
            domain=form.cleaned_data["domain"],
            actor=actor_of(request),
        )
        obj.pk, obj.created_at = given.agent.pk, given.agent.created_at
        request.new_key = given.agent_key  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Agent, post_url_continue: str | None = None) -> HttpResponse:
        key: str | None = request.new_key  # type: ignore[attr-defined]
        return (
            self.show_key(request, key, obj.name, obj) if key else super().response_add(request, obj, post_url_continue)
        )


@admin.register(Address)
class AddressAdmin(MadeAdmin):
    made_by = AddressForm
    list_display = ("address", "agent", "kind", "domain", "created", "ended")
    list_select_related = ("agent", "domain")
    list_filter = ("kind",)
    search_fields = ("address__startswith",)
    search_help_text = "Beginning of an address"
    ordering = ("address",)
    autocomplete_fields = ("agent",)

    @display(description="Created")
    def created(self, address: Address) -> str:
        return words.ago(address.created_at)

    @display(description="Ended")
    def ended(self, address: Address) -> str:
        return words.ago(address.ended_at)

    def save_model(self, request: HttpRequest, obj: Address, form: ModelForm, change: bool) -> None:
        given = allocate(
            obj.agent.owner,
            obj.agent.name,
            local_part=form.cleaned_data["local_part"],
            domain=form.cleaned_data["domain_name"],
            actor=actor_of(request),
        )
        made = Address.objects.get(address=given.address, ended_at=None)
        obj.pk, obj.address, obj.domain = made.pk, made.address, made.domain


@admin.register(ApiKey)
class ApiKeyAdmin(MadeAdmin):
    made_by = KeyForm
    list_display = ("shown_hint", "shown_kind", "holder", "name", "shown_state", "last_used", "created")
    list_select_related = ("owner", "agent")
    list_filter = ("kind",)
    search_fields = ("hint__startswith", "agent__name", "owner__name")
    search_help_text = "First characters, agent or owner"
    ordering = ("-created_at",)
    fields = (
        "shown_hint",
        "shown_kind",
        "holder",
        "name",
        "shown_state",
        "created_at",
        "last_used_at",
        "revoked_at",
        "id",
    )
    autocomplete_fields = ("agent", "owner")
    actions = ("revoke_selected",)
    actions_detail = ("revoke_one",)

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("identity.change_apikey"))

    @display(description="Key")
    def shown_hint(self, key: ApiKey) -> str:
        return str(key)

    @display(description="Kind")
    def shown_kind(self, key: ApiKey) -> str:
        return words.badge(key.get_kind_display(), Level.INFO)

    @display(description="Holder")
    def holder(self, key: ApiKey) -> str:
        return str(key.agent or key.owner or "any mail server")

    @display(description="State")
    def shown_state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return words.badge("Revoked", Level.DANGER)
        if key.expires_at and key.expires_at <= clock.now():
            return words.badge("Expired", Level.WARNING)
        return words.badge("Live", Level.GOOD)

    @display(description="Last used")
    def last_used(self, key: ApiKey) -> str:
        return words.ago(key.last_used_at)

    @display(description="Created")
    def created(self, key: ApiKey) -> str:
        return words.ago(key.created_at)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ModelForm, change: bool) -> None:
        key = issue(KeyKind(obj.kind), owner=obj.owner, agent=obj.agent, name=obj.name, actor=actor_of(request))
        made = ApiKey.objects.get(digest=digest(key))
        obj.pk, obj.hint, obj.created_at = made.pk, made.hint, made.created_at
        request.new_key = key  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        return self.show_key(request, request.new_key, self.holder(obj), obj)  # type: ignore[attr-defined]

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        keys = list(queryset[: self.list_per_page])
        for key in keys:
            revoke(key, actor=actor_of(request))
        messages.success(request, f"{len(keys)} {'key' if len(keys) == 1 else 'keys'} revoked.")

    @action(
        description="Revoke",
        url_path="revoke",
        permissions=["revoke"],
        icon="key_off",
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Revoke this key?",
            "description": "Whoever uses it is refused within a second. This cannot be undone.",
            "form_class": None,
            "form_submit_text": "Revoke",
        },
    )
    def revoke_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        if (key := self.get_object(request, object_id)) is not None:
            revoke(key, actor=actor_of(request))
            messages.success(request, "The key is revoked.")
        return go(request, reverse("admin:identity_apikey_change", args=[object_id]))


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass
