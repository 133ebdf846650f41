from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "postbox.metrics"
    label = "metrics"
    verbose_name = "Metrics"

    def ready(self) -> None:
        import_module("postbox.metrics.writer")  # whoever counts must have one
