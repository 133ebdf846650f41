"""The two roles of the desk, as groups: who looks, and who decides.

Decides what each may do. They are set to just this after every migration; whoever wants another role makes a group with
another name. Neither makes operators (superusers do) nor takes out raw mail: that right is given by name.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import transaction

VIEWER, OPERATOR = "viewer", "operator"

# Everything of Postbox that has a page. Secrets have none.
SEEN = (
    "mail.message", "screening.policy", "rules.inboundrule", "ingest.reexamination", "events.event",
    "screening.campaign",
    "webhooks.endpoint", "webhooks.delivery", "webhooks.attempt",
    "outbound.outgoing", "outbound.deliveryreport", "outbound.sendquota",
    "reputation.suppression", "reputation.emailreputation", "reputation.senderday",
    "identity.agent", "identity.address", "identity.domain", "identity.domainclaim", "identity.owner",
    "identity.apikey",
    "audit.auditrecord", "retention.legalhold", "retention.run",
)  # fmt: skip
# By an operator: actions ask for change, forms for add, lifting a hold for delete.
DECIDED = {
    "add": ("identity.agent", "identity.address", "identity.domain", "identity.owner", "identity.apikey",
            "retention.legalhold", "reputation.suppression", "outbound.sendquota", "screening.policy"),
    "change": ("mail.message", "rules.inboundrule", "webhooks.endpoint", "webhooks.delivery", "identity.agent",
               "identity.domain", "identity.owner", "identity.apikey", "outbound.outgoing", "outbound.sendquota",
               "reputation.suppression", "screening.policy"),
    "delete": ("retention.legalhold",),
}  # fmt: skip


def rights(role: str) -> set[str]:
    """The permissions of a role, as ``app.codename``."""
    given = {_right("view", model) for model in SEEN}
    if role == OPERATOR:
        given |= {_right(verb, model) for verb, models in DECIDED.items() for model in models}
    return given


def ensure() -> None:
    """Make both groups, with exactly their rights."""
    known = {
        f"{label}.{codename}": pk
        for pk, label, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    with transaction.atomic():
        for role in (VIEWER, OPERATOR):
            group, _ = Group.objects.get_or_create(name=role)
            group.permissions.set([known[right] for right in sorted(rights(role)) if right in known])


def after_migrate(sender: Any, **said: Any) -> None:
    """Once a migration of every app is done; the last of them is asked last."""
    last = [config for config in apps.get_app_configs() if config.models_module][-1]
    if sender.label != last.label:
        return
    try:
        said["apps"].get_model("auth", "Group")
    except LookupError:  # migrated back to before there were any
        return
    # We may be called before Django makes the permissions of this very app.
    create_permissions(sender, verbosity=0, using=said["using"], apps=said["apps"])
    ensure()


def _right(verb: str, model: str) -> str:
    app, _, name = model.partition(".")
    return f"{app}.{verb}_{name}"
