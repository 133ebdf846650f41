"""Cascade layers (CSS Cascading 5) in the order in which they were first named.

Decides their ranks. It never reads a sheet.
"""

from __future__ import annotations

from postbox.screening.distilling.animations import Frames

_DEPTH = 8


class Layers:
    """The layers and keyframes of one mail; ``contained`` says whether a sheet makes any element a container."""

    def __init__(self) -> None:
        self._order: dict[tuple[str, ...], int] = {}
        self.contained = False
        self.frames: dict[str, Frames] = {}
        """Keyframes by the name of their animation."""
        self.namespaces: dict[str, str] = {}
        """Addresses of namespaces by their prefix, which is empty for the one that holds without."""

    def name(self, outer: tuple[str, ...], text: str) -> tuple[str, ...]:
        """The full name of a layer, which is known from now on; one without a name is a layer of its own."""
        inner = tuple(part.strip() for part in text.split(".")) if text.strip() else (f" {len(self._order)}",)
        full = (outer + inner)[:_DEPTH]
        for end in range(1, len(full) + 1):
            self._order.setdefault(full[:end], len(self._order))
        return full

    def rank(self, layer: tuple[str, ...]) -> tuple[float, ...]:
        """Later layers win, and what stands in a layer itself wins over its own inner layers."""
        return (*(float(self._order[layer[:end]]) for end in range(1, len(layer) + 1)), float("inf"))
