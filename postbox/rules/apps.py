from __future__ import annotations

from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "postbox.rules"
    label = "rules"
    verbose_name = "Rules"
