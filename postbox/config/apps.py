from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    name = "postbox.config"
    label = "config"
    verbose_name = "Postbox"

    def ready(self) -> None:
        # Whoever publishes by name needs the Celery application with our settings as the current one.
        import_module("postbox.config.celery")
        post_migrate.connect(import_module("postbox.config.roles").after_migrate, dispatch_uid="postbox.roles")
