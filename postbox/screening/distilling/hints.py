"""What an element's tag and presentational attributes say about its style (HTML Living Standard, 15).

Decides the values that stand below any author's declaration. It never reads a style sheet.
"""

from __future__ import annotations

import re
from typing import Any

from postbox.screening.distilling.css_colours import attribute_colour
from postbox.screening.distilling.css_lengths import Length, length

ABSENT = "none "
"""``display: none`` that an attribute asks for; the blank keeps it apart from the author's own ``none``."""
UNRENDERED = "none  "
"""``display: none`` by the nature of the element."""

_INTEGER = re.compile(r"\s*([+-]?)(\d{1,4})").match
_FONT_SIZES = (10.0, 13.0, 16.0, 18.0, 24.0, 32.0, 48.0)
_EMS = {
    "h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 1 / 1.2, "sub": 1 / 1.2, "sup": 1 / 1.2,
    "big": 1.2,
}  # fmt: skip
_WITH_BACKGROUND = frozenset({"body", "table", "tr", "td", "th", "tbody", "thead", "tfoot", "marquee"})
_PREFORMATTED = frozenset({"pre", "xmp", "listing", "plaintext", "textarea"})
_NO_ATTRIBUTES: dict[str, str] = {}


def hints(tag: str, named: dict[str, str]) -> dict[str, Any]:
    """Values from the user agent's sheet and from attributes, as a mapping of longhands that the caller may change."""
    found: dict[str, Any] = {}
    if tag in _EMS:
        found["font-size"] = Length(fonts=_EMS[tag])
    elif tag in _PREFORMATTED:
        found["white-space"] = "pre"
    elif tag == "a" and "href" in named:
        found["color"] = "-link"
    elif tag == "mark":
        found["background-color"], found["color"] = (255.0, 255.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0)
    if named:
        _from_attributes(tag, named, found)
    elif tag == "dialog":
        found["display"] = UNRENDERED
    return found


def _from_attributes(tag: str, named: dict[str, str], found: dict[str, Any]) -> None:
    if "bgcolor" in named and tag in _WITH_BACKGROUND:
        _set_colour(found, "background-color", named["bgcolor"])
    if tag == "font":
        if "color" in named:
            _set_colour(found, "color", named["color"])
        if match := _INTEGER(named.get("size", "")):
            number = int(match[2])
            step = 3 + number if match[1] == "+" else 3 - number if match[1] == "-" else number
            found["font-size"] = Length(pixels=_FONT_SIZES[max(1, min(7, step)) - 1])
    elif tag == "body":
        _set_colour(found, "color", named.get("text", ""))
        _set_colour(found, "-link", named.get("link", ""))
    elif tag == "marquee":
        found |= {"display": "inline-block", "overflow-x": "hidden", "overflow-y": "hidden"}
        for side in ("width", "height"):
            if (size := length(named.get(side, "").strip().lower())) is not None:
                found[side] = size
    elif (tag == "dialog" and "open" not in named) or "popover" in named:
        found["display"] = UNRENDERED
    if "hidden" in named:
        found["display"] = ABSENT


def _set_colour(found: dict[str, Any], name: str, value: str) -> None:
    colour = attribute_colour(value)
    if colour is not None:
        found[name] = colour
