from __future__ import annotations

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "postbox.identity"
    label = "identity"
    verbose_name = "Agents"
