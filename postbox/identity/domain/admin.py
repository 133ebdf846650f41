"""Domains at the desk: the records to publish, how they stand, a check, the catch-all.

Decides what an operator may change of a domain, by the functions that the API uses.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from postbox.api.errors import ApiError
from postbox.desk import words
from postbox.desk.actions import PRIMARY, asked
from postbox.desk.admin import RecordAdmin, actor_of
from postbox.desk.words import Level
from postbox.identity.domain import dkim
from postbox.identity.domain.checking import check, described
from postbox.identity.domain.holding import put
from postbox.identity.forms import DomainChangeForm, DomainForm
from postbox.identity.made import MadeAdmin
from postbox.identity.models import Domain, DomainClaim, RecordState
from postbox.identity.published.finding import State

_LEVELS = {
    State.PENDING: Level.PLAIN,
    State.OK: Level.GOOD,
    State.WRONG: Level.DANGER,
    State.MISSING: Level.DANGER,
    State.UNKNOWN: Level.WARNING,
}


@admin.register(DomainClaim)
class DomainClaimAdmin(RecordAdmin):
    """What owners say is theirs; DNS decides, so there is nothing to do here."""

    list_display = ("domain", "owner", "holder", "shown_state", "checked", "claimed")
    list_select_related = ("domain__owner", "owner")
    fields = ("domain", "owner", "holder", "shown_state", "advice", "checked_at", "created_at", "id")
    ordering = ("-id",)

    @display(description="Held by")
    def holder(self, claim: DomainClaim) -> str:
        return str(claim.domain.owner)

    @display(description="Ownership record")
    def shown_state(self, claim: DomainClaim) -> str:
        return words.badge(RecordState(claim.ownership_state).label, _LEVELS[State(claim.ownership_state)])

    @display(description="Checked")
    def checked(self, claim: DomainClaim) -> str:
        return words.ago(claim.checked_at)

    @display(description="Claimed")
    def claimed(self, claim: DomainClaim) -> str:
        return words.ago(claim.created_at)


@admin.register(Domain)
class DomainAdmin(MadeAdmin):
    made_by = DomainForm
    list_display = ("name", "owner", "shown_states", "catch_all", "checked", "created")
    list_select_related = ("owner", "catch_all")
    search_fields = ("name__startswith",)
    ordering = ("name",)
    fields = (
        "name",
        "owner",
        "catch_all",
        "shown_root",
        "shown_records",
        "checked_at",
        "verified_at",
        "id",
        "created_at",
    )
    actions_detail = ("check_one", "change_one", "new_key")

    def has_alter_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, "identity.change_domain")

    @display(description="Records")
    def shown_states(self, domain: Domain) -> SafeString:
        said = ((words.badge(kind.value, _LEVELS[state]),) for kind, state in domain.states.items())
        return format_html_join(" ", "{}", said)

    @display(description="Agents on the root domain")
    def shown_root(self, domain: Domain) -> str:
        return "allowed" if domain.root_allowed else "not allowed"

    @display(description="Records to publish")
    def shown_records(self, domain: Domain) -> str:
        rows = [
            one | {"badge": words.badge(RecordState(one["state"]).label, _LEVELS[State(one["state"])])}
            for one in described(domain)
        ]
        return render_to_string("identity/records.html", {"records": rows})

    @display(description="Checked")
    def checked(self, domain: Domain) -> str:
        return words.ago(domain.checked_at)

    @display(description="Created")
    def created(self, domain: Domain) -> str:
        return words.ago(domain.created_at)

    def save_model(self, request: HttpRequest, obj: Domain, form: ModelForm, change: bool) -> None:
        made = put(obj.owner, obj.name, allow_root=obj.root_allowed, actor=actor_of(request), by_operator=True)
        obj.pk = made.pk

    @asked(
        "Check",
        path="check",
        permission="alter",
        icon="travel_explore",
        title="Check the records now?",
        says="DNS is asked for each of them, which takes some seconds where a name server is slow.",
        look=PRIMARY,
    )
    def check_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        domain = self.get_object(request, object_id)
        if domain is not None:
            checked = check(domain, actor=actor_of(request))
            bad = [kind.value for kind, state in checked.states.items() if state != State.OK]
            if bad:
                messages.warning(request, f"Checked; look at {', '.join(bad)}.")
            else:
                messages.success(request, "Checked; every record is as it should be.")
        return self.back(request, object_id)

    @asked(
        "Change",
        path="alter",
        permission="alter",
        icon="edit",
        title="Change this domain",
        says="An agent on an organisation's own domain writes in everybody's name: a hijacked one harms "
        "the reputation of all its mail. A subdomain keeps them apart.",
        form=DomainChangeForm,
    )
    def change_one(self, request: HttpRequest, form: DomainChangeForm, object_id: str) -> HttpResponse:
        domain = self.get_object(request, object_id)
        if domain is not None:
            try:
                put(
                    domain.owner,
                    domain.name,
                    catch_all=form.cleaned_data["catch_all"] or None,
                    allow_root=form.cleaned_data["root_allowed"],
                    actor=actor_of(request),
                    by_operator=True,
                )
                messages.success(request, "Saved.")
            except ApiError as error:
                said = "; ".join(item["message"] for item in error.errors)
                messages.error(request, f"Not saved: {said or error.message}")
        return self.back(request, object_id)

    @asked(
        "New DKIM key",
        path="dkim",
        permission="alter",
        icon="key",
        title="Make a new DKIM key?",
        says="It signs once its record is seen in DNS; until then the key before it does. The old record is shown "
        "for ten more days after that.",
    )
    def new_key(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        domain = self.get_object(request, object_id)
        if domain is not None:
            key = dkim.rotate(domain, actor=actor_of(request))
            messages.success(request, f"Made. Publish the record of {key.selector}, then check.")
        return self.back(request, object_id)
