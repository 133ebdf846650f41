"""What an element's tag and presentational attributes say about its style (HTML Living Standard, 15).

Decides the values that stand below any author's declaration. It never reads a style sheet.
"""

from __future__ import annotations

import re
from typing import Any

from postbox.screening.distilling.css_colours import TRANSPARENT, attribute_colour, colour
from postbox.screening.distilling.css_lengths import ZERO, Length, length
from postbox.screening.distilling.declarations import CUSTOM, Unresolved, longhands
from postbox.screening.distilling.svg_texts import GROUND

ABSENT = "none "
"""``display: none`` that an attribute asks for; the blank keeps it apart from the author's own ``none``."""
UNRENDERED = "none  "
"""``display: none`` by the nature of the element."""

_INTEGER = re.compile(r"\s*([+-]?)(\d{1,4})").match
_FONT_SIZES = ("x-small", "small", "medium", "large", "x-large", "xx-large", "xxx-large")
_EMS = {
    "h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 1 / 1.2, "sub": 1 / 1.2, "sup": 1 / 1.2,
    "big": 1.2,
}  # fmt: skip
_WITH_BACKGROUND = frozenset({"body", "table", "tr", "td", "th", "tbody", "thead", "tfoot", "marquee"})
_LINES = {**dict.fromkeys(("pre", "xmp", "listing", "plaintext"), "pre"), "nobr": "nowrap"}
CUTTING = frozenset({"input", "select", "textarea"})
CONTROLS = CUTTING | {"button"}
_SMALL = Length(pixels=40 / 3)
_FACE, _FIELD, _FIELD_TEXT = (one for one in map(colour, ("buttonface", "field", "fieldtext")) if one)
FILL = "--postbox-fill"
_SVG = frozenset({"svg", "g", "text", "tspan", "foreignobject"})
_DIRECTIONS = frozenset({"ltr", "rtl"})


def hints(tag: str, named: dict[str, str]) -> dict[str, Any]:
    """Values from the user agent's sheet and from attributes, as a mapping of longhands that the caller may change."""
    found: dict[str, Any] = {}
    if tag in _EMS:
        found["font-size"] = Length(fonts=_EMS[tag])
    elif tag in _LINES:
        found["white-space"] = _LINES[tag]
    elif tag == "a" and "href" in named:
        found["color"] = "-link"
    elif tag in _SVG:
        _svg(tag, named, found)
        return found
    elif tag in CONTROLS:
        button = tag == "button" or named.get("type", "").lower() in {"submit", "button", "reset"}
        found |= {"font-size": _SMALL, "line-height": "normal", "letter-spacing": "normal", "text-indent": ZERO}
        if named.get("type", "").lower() not in {"image", "hidden", "checkbox", "radio"}:
            found |= {"color": _FIELD_TEXT, "background-color": _FACE if button else _FIELD}
        if tag == "textarea":
            found["white-space"] = "pre"
    elif tag == "mark":
        found["background-color"], found["color"] = (255.0, 255.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0)
    if named:
        _from_attributes(tag, named, found)
    elif tag in {"dialog", "marquee"}:
        found["display"] = UNRENDERED
    return found


def _svg(tag: str, named: dict[str, str], found: dict[str, Any]) -> None:
    """SVG paints what stands in ``text`` alone, by presentation attributes (SVG 2, 6.6)."""
    if tag == "foreignobject":
        found["-webkit-text-fill-color"] = "currentcolor"
    elif tag in {"svg", "text"}:
        found["-webkit-text-fill-color"] = TRANSPARENT if tag == "svg" else Unresolved(f"var({FILL}, black)")
        found[CUSTOM] = True
    if tag == "svg" and any(named.get(name, "").strip() in {"0", "0px"} for name in ("width", "height")):
        found["display"] = "none"
    if tag in {"text", "tspan"} and any(_far(named.get(name, "")) for name in ("x", "y", "dx", "dy")):
        found["display"] = "none"
    if not named:
        return
    if _LOST(named.get("transform", "")) or any(
        "url(" in named.get(name, "") for name in ("clip-path", "mask", "filter")
    ):
        found["display"] = "none"
    if tag == "foreignobject" and any(named.get(name, "1").strip() in {"0", "0px"} for name in ("width", "height")):
        found["display"] = "none"
    if tag == "svg" and "viewbox" in named and _out_of_view(named):
        found["display"] = "none"
    if re.search(r"scale[xy]?\(\s*0?\.?0*\s*[,)]", named.get("transform", "")):
        found["display"] = "none"
    for name in ("display", "visibility", "opacity", "font-size", "transform", "color"):
        if name in named:
            read = longhands(name, named[name])
            found.update(read)
            if any(type(value) is Unresolved for _, value in read):
                found[CUSTOM] = True
    fill = named.get("fill", "").strip().lower()
    if fill and tag in {"svg", "g"}:
        found[FILL], found[CUSTOM] = "transparent" if fill == "none" else fill, True
    if tag in {"text", "tspan"} and fill == "currentcolor":
        found["-webkit-text-fill-color"] = fill
    if tag in {"text", "tspan"} and fill.startswith("url("):
        found["-webkit-text-fill-color"] = colour(fill.rpartition(")")[2].strip()) or TRANSPARENT
    if fill and tag in {"text", "tspan"} and (seen := TRANSPARENT if fill == "none" else colour(fill)) is not None:
        found["-webkit-text-fill-color"] = seen
    opaque = length(named.get("fill-opacity", "1").strip())
    if opaque is not None and opaque.pixels + opaque.share < 0.1:
        found["-webkit-text-fill-color"] = TRANSPARENT
    if GROUND in named:
        found["-ground"] = colour(named[GROUND])


_LOST = re.compile(r"-\d{3,}|\d{4,}").search


def _out_of_view(named: dict[str, str]) -> bool:
    """A viewBox that begins elsewhere, or in which letters become too small."""
    sizes = [length(part) for part in named["viewbox"].replace(",", " ").split()[:4]]
    wide = length(named.get("width", "").strip())
    if len(sizes) < 4 or not all(sizes):
        return False
    x, y, across, _ = (size.pixels for size in sizes if size)
    return abs(x) > 50 or abs(y) > 50 or (wide is not None and not wide.share and across > 4 * wide.pixels)


def _far(value: str) -> bool:
    size = length(value.strip())
    return size is not None and not -100 <= size.pixels <= 800


def _from_attributes(tag: str, named: dict[str, str], found: dict[str, Any]) -> None:
    if "bgcolor" in named and tag in _WITH_BACKGROUND:
        _set_colour(found, "background-color", named["bgcolor"])
    if tag == "font":
        if "color" in named:
            _set_colour(found, "color", named["color"])
        if match := _INTEGER(named.get("size", "")):
            number = int(match[2])
            step = 3 + number if match[1] == "+" else 3 - number if match[1] == "-" else number
            found["font-size"] = _FONT_SIZES[max(1, min(7, step)) - 1]
    elif tag == "body":
        _set_colour(found, "color", named.get("text", ""))
        _set_colour(found, "-link", named.get("link", ""))
    elif tag == "marquee":
        found |= {"display": "inline-block", "overflow-x": "hidden", "overflow-y": "hidden"}
        if named.get("behavior", "").lower() != "alternate" and named.get("scrollamount", "6").strip() != "0":
            found["display"] = UNRENDERED
        for side in ("width", "height"):
            if (size := length(named.get(side, "").strip().lower())) is not None:
                found[side] = size
    elif _unrendered(tag, named):
        found["display"] = UNRENDERED
    if "mathcolor" in named:
        _set_colour(found, "color", named["mathcolor"])
    if "mathbackground" in named:
        _set_colour(found, "background-color", named["mathbackground"])
    if "mathsize" in named:
        found.update(one for one in longhands("font-size", named["mathsize"]) if type(one[1]) is not Unresolved)
    if "nowrap" in named and tag in {"td", "th"} and "width" not in named:
        found["white-space"] = "nowrap"
    if named.get("dir", "").lower() in _DIRECTIONS:
        found["direction"] = named["dir"].lower()
    if "hidden" in named:
        found["display"] = ABSENT


def _unrendered(tag: str, named: dict[str, str]) -> bool:
    """Whether attributes say that nothing of the element is painted."""
    if tag in {"mpadded", "mspace"}:
        return any(_none(named.get(side)) for side in ("width", "height"))
    return (tag == "dialog" and "open" not in named) or "popover" in named


def _none(value: str | None) -> bool:
    size = length(value.strip().lower()) if value else None
    return size is not None and not size.pixels and not size.fonts and not size.share


def _set_colour(found: dict[str, Any], name: str, value: str) -> None:
    seen = attribute_colour(value)
    if seen is not None:
        found[name] = seen
