"""The forms by which an operator makes agents, addresses, domains and keys.

Decides what can be typed; the functions of alloc and keys decide what comes of it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from postbox.identity.domain.roots import is_refused, why
from postbox.identity.models import LOCAL_PART, Address, Agent, ApiKey, Domain, KeyKind, Owner
from postbox.identity.serializers import DOMAIN, DOMAIN_LENGTH

_LOCAL_PART = "What stands before the @. Left out: the agent's name, or that with a few letters where it is taken."


class _NewAddress(forms.ModelForm):  # type: ignore[type-arg]
    """The part of a form that asks for an address."""

    domain_field = "domain"

    def check_address(self, owner: Owner | None) -> None:
        """Refuse what ``allocate`` would refuse, so that it is said beside the field."""
        name = (self.cleaned_data.get(self.domain_field) or "").lower() or settings.POSTBOX_DEFAULT_DOMAIN
        held = Domain.objects.filter(name=name).first()
        if held and owner and held.owner_id != owner.pk and name != settings.POSTBOX_DEFAULT_DOMAIN:
            self.add_error(self.domain_field, "This domain is held by another owner.")
        elif is_refused(name, allowed=bool(held and held.root_allowed)):
            insist = "Use a subdomain, or allow agents on the root domain on the domain's page first."
            self.add_error(self.domain_field, f"{why(name)} {insist}")
        local_part = (self.cleaned_data.get("local_part") or "").lower()
        if local_part and Address.objects.filter(address=f"{local_part}@{name}", ended_at=None).exists():
            self.add_error("local_part", "This address is already given out.")


def _local_part() -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=64,
        validators=[LOCAL_PART],
        help_text=_LOCAL_PART,
        widget=UnfoldAdminTextInputWidget(),
    )


def _domain() -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=253,
        label="Domain",
        help_text="Left out: the default domain.",
        widget=UnfoldAdminTextInputWidget(),
    )


class AgentForm(_NewAddress):
    local_part = _local_part()
    domain = _domain()

    class Meta:
        model = Agent
        fields = ("owner", "name")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.check_address(cleaned.get("owner"))
        return cleaned


class AddressForm(_NewAddress):
    domain_field = "domain_name"
    local_part = _local_part()
    domain_name = _domain()

    class Meta:
        model = Address
        fields = ("agent",)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        agent = cleaned.get("agent")
        self.check_address(agent.owner if agent else None)
        return cleaned


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Why an agent's state is changed: for the audit's readers, its owner, and its endpoints."""

    reason = forms.CharField(
        max_length=500,
        help_text="Shown on the agent's page and told to its endpoints.",
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )


class KillForm(ReasonForm):
    revoke_keys = forms.BooleanField(
        required=False,
        initial=True,
        label="Revoke its API keys",
        help_text="It can no longer read mail either. Cannot be undone; new keys can be made.",
        widget=UnfoldBooleanSwitchWidget(),
    )


class DomainForm(forms.ModelForm):  # type: ignore[type-arg]
    name = forms.CharField(
        max_length=DOMAIN_LENGTH,
        validators=[DOMAIN],
        help_text="Such as agents.example.org.",
        widget=UnfoldAdminTextInputWidget(),
    )

    class Meta:
        model = Domain
        fields = ("owner", "name", "root_allowed")

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).lower()
        if Domain.objects.filter(name=name).exists():
            raise ValidationError("This domain is held already.")
        return name


class DomainChangeForm(BaseDialogForm):  # type: ignore[misc]
    """What may be changed of a domain; it begins with what is."""

    catch_all = forms.CharField(
        required=False,
        max_length=254,
        label="Catch-all",
        help_text="An agent's id or address of this owner, which gets what nobody has. Empty: nobody.",
        widget=UnfoldAdminTextInputWidget(),
    )
    root_allowed = forms.BooleanField(
        required=False, label="Agents on the root domain", widget=UnfoldBooleanSwitchWidget()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        domain = Domain.objects.select_related("catch_all").filter(pk=self.object_id).first()
        if domain is not None:
            self.initial = {
                "catch_all": domain.catch_all.address if domain.catch_all else "",
                "root_allowed": domain.root_allowed,
            }


class KeyForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ApiKey
        fields = ("kind", "owner", "agent", "name")
        help_texts = {
            "owner": "For an owner's key; a bridge's key that has one serves its agents alone.",
            "agent": "For an agent's key.",
            "name": "Where it will be used.",
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind, owner, agent = cleaned.get("kind"), cleaned.get("owner"), cleaned.get("agent")
        if kind == KeyKind.AGENT and not agent:
            raise ValidationError({"agent": "An agent's key needs an agent."})
        if kind == KeyKind.AGENT and owner:
            raise ValidationError({"owner": "An agent's key belongs to its agent alone."})
        if kind == KeyKind.OWNER and not owner:
            raise ValidationError({"owner": "An owner's key needs an owner."})
        if kind != KeyKind.AGENT and agent:
            raise ValidationError({"agent": "Only an agent's key has an agent."})
        return cleaned
