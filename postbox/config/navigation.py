"""What the admin's sidebar offers: the models that are installed and that this operator may see."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

# Group, then model, words, icon (of the bundled Material Symbols).
_NAVIGATION = (
    (
        "Mail",
        (
            ("mail.message", "Messages", "mail"),
            ("screening.policy", "Policies", "shield"),
            ("rules.inboundrule", "Rules", "rule"),
            ("screening.campaign", "Campaigns", "campaign"),
            ("ingest.reexamination", "Looked at again", "restart_alt"),
            ("events.event", "Events", "bolt"),
        ),
    ),
    (
        "Sending",
        (
            ("outbound.outgoing", "Outbox", "outbox"),
            ("reputation.suppression", "Suppressions", "block"),
            ("outbound.deliveryreport", "Reports", "assignment_return"),
            ("reputation.emailreputation", "Recipients", "contact_mail"),
            ("reputation.senderday", "Senders", "monitoring"),
            ("outbound.sendquota", "Quotas", "speed"),
        ),
    ),
    (
        "Webhooks",
        (
            ("webhooks.endpoint", "Endpoints", "webhook"),
            ("webhooks.delivery", "Deliveries", "outbound"),
            ("webhooks.attempt", "Attempts", "history"),
        ),
    ),
    (
        "Agents",
        (
            ("identity.agent", "Agents", "smart_toy"),
            ("identity.address", "Addresses", "alternate_email"),
            ("identity.domain", "Domains", "dns"),
            ("identity.domainclaim", "Claims on domains", "flag"),
            ("identity.owner", "Owners", "badge"),
            ("identity.apikey", "API keys", "key"),
        ),
    ),
    (
        "System",
        (
            ("audit.auditrecord", "Audit", "policy"),
            ("retention.legalhold", "Legal holds", "gavel"),
            ("retention.run", "Retention", "auto_delete"),
            ("auth.user", "Operators", "person"),
            ("auth.group", "Groups", "group"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: what is installed and this operator may see."""
    overview = {"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"items": [overview]}]
    for title, models in _NAVIGATION:
        items = [item for label, words, icon in models if (item := _item(request, label, words, icon))]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    return groups


def _item(request: HttpRequest, label: str, words: str, icon: str) -> dict[str, Any] | None:
    try:
        model = apps.get_model(label)
    except LookupError:
        return None
    if not admin.site.is_registered(model) or not admin.site.get_model_admin(model).has_view_permission(request):
        return None
    link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return {"title": words, "icon": icon, "link": link}
