from __future__ import annotations

from django.apps import AppConfig


class OutboundConfig(AppConfig):
    name = "outbound"
    label = "outbound"
    verbose_name = "Outbound"

    def ready(self) -> None:
        """Refuse at start what would fail in the worker with the first mail."""
        from outbound.transports import check

        check()
