from __future__ import annotations

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "postbox.desk"
    label = "desk"
    verbose_name = "The operator's desk"
