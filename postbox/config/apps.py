from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "postbox.config"
    label = "config"
    verbose_name = "Postbox"

    def ready(self) -> None:
        # Whoever publishes by name needs the Celery application with our settings as the current one.
        import_module("postbox.config.celery")
