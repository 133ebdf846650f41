"""What is remembered of an element with a habit of its own while it is open.

Decides nothing.
"""

from __future__ import annotations

from postbox.screening.distilling.computed import Style
from postbox.screening.distilling.tree import Element


class Frame:
    """An element with a habit of its own, while it is open; ``style`` is that of text directly inside it."""

    __slots__ = ("after", "closed", "display", "element", "link_place", "list_number", "style", "tag")

    def __init__(self, element: Element, tag: str, style: Style, display: str) -> None:
        self.element = element
        self.tag = tag
        self.style = style
        self.display = display
        self.list_number: int | None = None
        self.link_place = -1
        self.after: tuple[str, Style, int] | None = None
        self.closed = False
        """Whether nothing in it is walked into."""
