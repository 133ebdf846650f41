from __future__ import annotations

from django.apps import AppConfig


class IngestConfig(AppConfig):
    name = "postbox.ingest"
    label = "ingest"
    verbose_name = "Ingest"
