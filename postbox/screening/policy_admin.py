"""Policies at the desk: what holds at each level, by which words, and all of an owner's on one page.

Decides that a policy is put as the API puts it, with the same checks and the same audit. Trying one on stored mail
needs the pipeline, which the layer above adds.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import json
import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from postbox.api.errors import ApiError
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, actor_of
from postbox.desk.words import Level
from postbox.identity.models import Owner
from postbox.lib import clock
from postbox.screening import figures, policies
from postbox.screening.allowed import readers_of, wrong
from postbox.screening.models import Policy
from postbox.screening.policy import Auth, Checks, Mode, Strangers

AUTH_LEVELS = {Auth.ENFORCE: Level.GOOD, Auth.QUARANTINE: Level.INFO, Auth.MONITOR: Level.WARNING}
_ABOVE = "as above"
_LEVELS = ("domain", "agent", "address")
_WORDS = (("auth", Auth, "Authentication"), ("mode", Mode, "Who may write"), ("strangers", Strangers, "Strangers"))


ALLOW_HELP = "Addresses, domains, *.domain; one a line. Matches authenticated authors alone."
BLOCK_HELP = "The same; matches whatever a mail says it is from."


class Lines(forms.Field):
    """Entries, one a line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        given = value if isinstance(value, list) else [line.strip() for line in (value or "").splitlines()]
        try:
            return policies.entries([line for line in given if line])
        except ValueError as error:
            raise ValidationError(str(error)) from error


def checks_of(given: Any) -> dict[str, Any]:
    """Settings of single checks as a form gives them. Raises ValidationError."""
    if not isinstance(given or {}, dict):
        raise ValidationError("Write a JSON object.")
    if found := wrong(Checks, given or {}):
        raise ValidationError([f"{name} {said}" for name, said in found.items()])
    return given or {}


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    allow = Lines(help_text=ALLOW_HELP)
    block = Lines(help_text=BLOCK_HELP)

    class Meta:
        model = Policy
        fields = ("owner", *_LEVELS, "auth", "mode", "strangers", "allow", "block", "checks")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "checks" not in self.fields:  # for who may only look there is nothing to fill in
            return
        for name, words_of, label in _WORDS:
            choices: Any = self.fields[name]
            choices.choices = [("", "As the level above says"), *words_of.choices]
            choices.label = label
        names = ", ".join(sorted(readers_of(Checks)))
        self.fields["checks"].help_text = f"A JSON object of settings of single checks: {names}."

    def clean_checks(self) -> dict[str, Any]:
        return checks_of(self.cleaned_data["checks"])

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if self.instance.pk and not self.instance._state.adding:
            return values
        try:
            owner = values.get("owner")
            if owner:
                policies.check_level(owner.pk, {name: values.get(name) for name in _LEVELS})
        except ApiError as error:
            raise ValidationError(error.message) from error
        return values


@admin.register(Policy)
class PolicyAdmin(RecordAdmin):
    form = PolicyForm
    list_display = ("about", "level", "owner_link", "shown_auth", "shown_mode", "allowed", "blocked", "changed")
    list_display_links = ("about",)
    list_select_related = ("owner", *_LEVELS)
    list_filter = (("owner", AutocompleteSelectFilter), "auth", "mode")
    list_filter_submit = True
    search_fields = ("address__address__startswith", "domain__name__startswith", "agent__name", "owner__name")
    search_help_text = "Owner, agent, domain or beginning of an address"
    ordering = ("owner__name", "id")
    autocomplete_fields = ("owner", *_LEVELS)
    list_before_template = "screening/above_list.html"
    actions_detail: tuple[str, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("owner/<uuid:owner_id>/", view(self.owner_view), name="screening_policy_owner"),
            path("authentication/", view(self.over_time_view), name="screening_policy_over_time"),
        ]
        return own + list(super().get_urls())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("screening.add_policy"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("screening.change_policy"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whose policy it is stays as it was made."""
        return () if obj is None else ("owner", *(name for name in _LEVELS), "created_at", "updated_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        named = [name for name in _LEVELS if obj is None or getattr(obj, f"{name}_id")]
        times = () if obj is None else ("created_at", "updated_at")
        return ("owner", *named, "auth", "mode", "strangers", "allow", "block", "checks", *times)

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        obj.updated_at = clock.now()
        super().save_model(request, obj, form, change)
        policies.note(obj, "policy.changed" if change else "policy.made", actor_of(request))

    @display(description="For")
    def about(self, policy: Policy) -> str:
        return str(policy.address or policy.agent or policy.domain or "everything")

    @display(description="Level")
    def level(self, policy: Policy) -> str:
        return level_of(policy)

    @display(description="Owner")
    def owner_link(self, policy: Policy) -> str:
        url = reverse("admin:screening_policy_owner", args=[policy.owner_id])
        return format_html('<a class="pbx-link" href="{}">{}</a>', url, policy.owner)

    @display(description="Authentication")
    def shown_auth(self, policy: Policy) -> str:
        return auth_badge(policy.auth)

    @display(description="Who may write")
    def shown_mode(self, policy: Policy) -> str:
        return mode_words(policy.mode, policy.strangers)

    @display(description="Allowed")
    def allowed(self, policy: Policy) -> str:
        return f"{len(policy.allow):,}" if policy.allow else "–"

    @display(description="Blocked")
    def blocked(self, policy: Policy) -> str:
        return f"{len(policy.block):,}" if policy.block else "–"

    @display(description="Changed")
    def changed(self, policy: Policy) -> str:
        return words.ago(policy.updated_at)

    def over_time_view(self, request: HttpRequest) -> HttpResponse:
        """How mail was authenticated, day by day, and who was kept out."""
        if not self.has_view_permission(request):
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Authentication over time",
            "series": figures.over_time(),
            "refused": [(*row, figures.WHY.get(row[1], row[1])) for row in figures.kept_out()]
            if request.user.has_perm("mail.view_message")
            else [],
        }
        return TemplateResponse(request, "screening/over_time.html", context)

    def owner_view(self, request: HttpRequest, owner_id: uuid.UUID) -> HttpResponse:
        """All levels of one owner on one page, and who is blocked."""
        owner = Owner.objects.filter(pk=owner_id).first()
        if owner is None or not self.has_view_permission(request):
            raise Http404
        rows = policies.listing(owner.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Policies of {owner}",
            "owner": owner,
            "rows": [_row(policy) for policy in rows],
            "lists": [(kind, _entries(rows, kind)) for kind in ("block", "allow")],
            "add_url": reverse("admin:screening_policy_add", query={"owner": owner.pk})
            if self.has_add_permission(request)
            else "",
            "installation": policies.installation_words(),
        }
        return TemplateResponse(request, "screening/owner.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        rows: QuerySet[Policy] = super().get_queryset(request)
        return rows.select_related("owner", *_LEVELS)


def level_of(policy: Policy) -> str:
    """The level in a word."""
    return next((name for name in reversed(_LEVELS) if getattr(policy, f"{name}_id")), "owner")


def auth_badge(auth: str | None) -> str:
    return words.badge(Auth(auth).label, AUTH_LEVELS[Auth(auth)]) if auth else _ABOVE


def mode_words(mode: str | None, strangers: str | None) -> str:
    """Who may write, and what becomes of the others."""
    if mode == Mode.OPEN:
        return "all but the blocked"
    others = f"; others: {strangers}" if strangers else ""
    return f"the allowed{others}" if mode == Mode.ALLOWLIST else f"{_ABOVE}{others}"


def _row(policy: Policy) -> dict[str, Any]:
    return {
        "level": level_of(policy),
        "about": str(policy.address or policy.agent or policy.domain or "everything"),
        "url": reverse("admin:screening_policy_change", args=[policy.pk]),
        "auth": auth_badge(policy.auth),
        "mode": mode_words(policy.mode, policy.strangers),
        "allow": len(policy.allow),
        "block": len(policy.block),
        "checks": json.dumps(policy.checks) if policy.checks else "",
    }


def _entries(rows: list[Policy], kind: str) -> list[tuple[str, str]]:
    """Each entry with where it stands."""
    return [(entry, f"{level_of(row)} {row}") for row in rows for entry in getattr(row, kind)]
