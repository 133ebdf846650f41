"""The desk's page that tries a policy on stored mail, where the pipeline is needed for it.

Decides that trying is for those who may read mail and change policies, changes nothing and is on record.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from postbox.audit.record import record
from postbox.desk.admin import actor_of
from postbox.ingest.policy_trial import steps_in_words, try_policy
from postbox.screening.models import Policy
from postbox.screening.policy import Auth, Mode, Strangers
from postbox.screening.policy_admin import ALLOW_HELP, BLOCK_HELP, Lines, PolicyAdmin, checks_of

_TRIED = 200
_SHOWN = 100

admin.site.unregister(Policy)


class DraftForm(forms.Form):
    """The words of a policy; empty is as the level above says."""

    auth = forms.ChoiceField(
        choices=[("", "as above"), *Auth.choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
        label="Authentication",
    )
    mode = forms.ChoiceField(
        choices=[("", "as above"), *Mode.choices], required=False, widget=UnfoldAdminSelectWidget, label="Who may write"
    )
    strangers = forms.ChoiceField(
        choices=[("", "as above"), *Strangers.choices], required=False, widget=UnfoldAdminSelectWidget
    )
    allow = Lines(help_text=ALLOW_HELP)
    block = Lines(help_text=BLOCK_HELP)
    checks = forms.JSONField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text="A JSON object; the policy's own page names the settings.",
    )

    def clean_checks(self) -> dict[str, Any]:
        return checks_of(self.cleaned_data["checks"])


@admin.register(Policy)
class TriedPolicyAdmin(PolicyAdmin):
    """Policies with the page that needs the pipeline."""

    actions_detail = ("try_one",)

    def has_try_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, "screening.change_policy") and bool(request.user.has_perm("mail.view_message"))

    @action(description="Try on stored mail", url_path="try", permissions=["try"], icon="science")
    def try_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page; a post tries the words of its form in place of the policy's."""
        policy = self.get_object(request, object_id)
        if policy is None:
            raise Http404
        form = DraftForm(request.POST) if request.method == "POST" else DraftForm(initial=_words(policy))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": policy,
            "policy": policy,
            "form": form,
            "media": self.media + form.media,
            "at_once": _TRIED,
            "steps": steps_in_words(),
            "title": "Try this policy",
        }
        if request.method == "POST" and form.is_valid():
            context |= self._tried(request, policy, form.cleaned_data)
        return TemplateResponse(request, "ingest/try_policy.html", context)

    def _tried(self, request: HttpRequest, policy: Policy, given: dict[str, Any]) -> dict[str, Any]:
        draft = {**_about(policy), **{name: value or None for name, value in given.items() if isinstance(value, str)}}
        gone = dict.fromkeys(policy.checks)  # what the draft leaves out is as the level above says
        draft |= {"allow": given["allow"], "block": given["block"], "checks": gone | given["checks"]}
        found = try_policy(policy.owner_id, draft, _TRIED)
        record(actor_of(request), "policy.tried", policy.pk, tried=found.tried, changed=len(found.changes))
        return {"tried": found, "counts": sorted(found.counts().items()), "changes": found.changes[:_SHOWN]}


def _words(policy: Policy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in ("auth", "mode", "strangers", "allow", "block", "checks")}


def _about(policy: Policy) -> dict[str, Any]:
    """The level as the API names it."""
    if policy.address:
        return {"address": policy.address.address}
    if policy.agent:
        return {"agent_id": policy.agent.name}
    return {"domain": policy.domain.name} if policy.domain else {}
