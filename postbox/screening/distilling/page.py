"""What holds for a whole mail: quirks mode and the colours that its body sets.

Decides the start of the pass. It never looks below the body's own attributes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lxml.etree import _Element

from postbox.screening.distilling.css_colours import BLACK, RGBA, attribute_colour

if TYPE_CHECKING:
    from postbox.screening.distilling.style import Style

LINK: RGBA = (0.0, 0.0, 238.0, 1.0)


@dataclass(slots=True)
class Page:
    """In quirks mode tables inherit neither font size nor colour; ``text`` is the body's colour once it is known."""

    quirks: bool = True
    text: RGBA = BLACK
    link: RGBA = LINK
    styles: dict[object, Style] = field(default_factory=dict)

    def shared(self, style: Style) -> Style:
        """The first style made with the same values."""
        return self.styles.setdefault(style.values(), style)


def page_of(root: _Element, quirks: bool) -> Page:
    """The page before its first element is entered."""
    body = root.find("body")
    link = attribute_colour(body.get("link") or "") if body is not None else None
    return Page(quirks, link=link or LINK)
