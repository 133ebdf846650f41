from __future__ import annotations

from django.apps import AppConfig


class OutboundConfig(AppConfig):
    name = "outbound"
    label = "outbound"
    verbose_name = "Outbound"
