"""Buttons on a record's page that ask before they act.

Decides their form: a dialog with a title, what will come of it, and perhaps questions; nothing happens before it is
submitted. Who may is for the admin that has the button: ``permission`` names its ``has_…_permission``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.http import HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant

Act = Callable[..., HttpResponse]

PLAIN, PRIMARY, DANGER = ActionVariant.DEFAULT, ActionVariant.PRIMARY, ActionVariant.DANGER


def asked(
    label: str,
    *,
    path: str,
    permission: str,
    icon: str,
    title: str,
    says: str,
    form: type[Any] | None = None,
    look: ActionVariant = PLAIN,
) -> Callable[[Act], Act]:
    """Make a method of an admin such a button. It is called with ``request``, the submitted form and ``object_id``."""
    dialog = {"title": title, "description": says, "form_class": form, "form_submit_text": label}
    made = action(description=label, url_path=path, permissions=[permission], icon=icon, variant=look, dialog=dialog)
    return cast(Callable[[Act], Act], made)
