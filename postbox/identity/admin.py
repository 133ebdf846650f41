"""Owners, addresses, keys and the operators themselves; agents are in identity.desk, domains in domain.admin.

Decides what an operator may make here, always by the functions that the API uses, so that every key and address has its
audit record. A key is shown once, on the answer to the form that made it; its digest is never shown.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from postbox.audit.record import record
from postbox.desk import words
from postbox.desk.actions import DANGER, asked
from postbox.desk.admin import actor_of
from postbox.desk.words import Level
from postbox.identity.alloc import allocate
from postbox.identity.desk import AgentAdmin as AgentAdmin
from postbox.identity.domain.admin import DomainAdmin as DomainAdmin
from postbox.identity.forms import AddressForm, KeyForm
from postbox.identity.keys import digest, issue, revoke
from postbox.identity.made import MadeAdmin, links_to
from postbox.identity.models import Address, ApiKey, KeyKind, Owner
from postbox.lib import clock

# What a list is called, its route, and by what it is narrowed to an owner.
_OWNED = (
    ("Agents", "identity_agent_changelist", "owner__id__exact"),
    ("Domains", "identity_domain_changelist", "owner__id__exact"),
    ("API keys", "identity_apikey_changelist", "owner__id__exact"),
    ("Policies", "screening_policy_changelist", "owner__id__exact"),
    ("Suppressions", "reputation_suppression_changelist", "owner__id__exact"),
    ("Quotas", "outbound_sendquota_changelist", "owner__id__exact"),
)


@admin.register(Owner)
class OwnerAdmin(ModelAdmin):
    list_display = ("name", "email", "agent_count", "created")
    ordering = ("name",)
    search_fields = ("name",)
    list_per_page = 50
    readonly_fields = ("owned", "id", "created_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        typed = ("name", "email")
        return typed if obj is None else (*typed, *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Owner, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        record(actor_of(request), "owner.changed" if change else "owner.created", obj.pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Owner]:
        rows: QuerySet[Owner] = super().get_queryset(request)
        return rows.annotate(agent_count=Count("agents"))

    @display(description="What is its own")
    def owned(self, owner: Owner) -> str:
        return links_to(owner.pk, _OWNED)

    @display(description="Agents")
    def agent_count(self, owner: Any) -> int:
        return int(owner.agent_count)

    @display(description="Created")
    def created(self, owner: Owner) -> str:
        return words.ago(owner.created_at)


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
            by_operator=True,
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
        return self.may(request, obj, "identity.change_apikey", lambda key: key.revoked_at is None)

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
        messages.success(request, f"{words.several(len(keys), 'key')} revoked.")

    @asked(
        "Revoke",
        path="revoke",
        permission="revoke",
        icon="key_off",
        title="Revoke this key?",
        says="Whoever uses it is refused within a second. This cannot be undone.",
        look=DANGER,
    )
    def revoke_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        if (key := self.get_object(request, object_id)) is not None:
            revoke(key, actor=actor_of(request))
            messages.success(request, "The key is revoked.")
        return self.back(request, object_id)


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
