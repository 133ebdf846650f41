"""Whether a style can move, cut or cover anything, so that places have to be worked out.

Decides from declared values, and for styles that touch nothing but what is in the box from what is in it; ordinary
mail needs none of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from postbox.screening.distilling.computed import inner_shadow
from postbox.screening.distilling.css_lengths import VIEWPORT_WIDTH, Length, length
from postbox.screening.distilling.tree import COMMENT, Element
from postbox.screening.distilling.words import words

INSIDE, ANYWHERE = 1, 2
"""What a style may hide by its place: text in the element alone, or text anywhere."""
_TELLING = frozenset(
    words(
        """
    position z-index overflow-x overflow-y contain margin-top margin-left margin-bottom margin-right transform
    translate scale rotate clip-path grid-area grid-row grid-template-rows grid-template-columns grid-auto-rows
    -webkit-line-clamp padding-left padding-top border-left-width border-top-width box-shadow height text-indent
    word-spacing container-type
    """
    )
)
_GRIDS = frozenset({"grid-auto-rows", "grid-area", "grid-row", "grid-template-rows", "grid-template-columns"})
_TURNS = frozenset({"transform", "translate", "scale", "rotate"})
_SIDES = ("left", "top", "right", "bottom")
_AROUND = tuple(f"{kind}-{side}" for kind in ("margin", "padding") for side in _SIDES)
_NARROW = 400.0
_FAR = 800.0
_INDENTED = 100.0
_WIDTHS = ("width", "min-width", "flex-basis")
_BEYOND = 1_050.0
"""So wide a box holds room beyond the page."""
_BACK = -8.0
_EDGE = 4.0
_MOST_LOOKED_AT = 24
_PLAIN = frozenset(words("td th tr tbody table div span p a img br center font b strong i em u hr small h1 h2 h3 h4"))
"""Elements that paint no more than the text in them."""
_INK = re.compile(r"[^\s\u00ad\u034f\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]").search


def needs_places(declared: Mapping[str, Any], font: float) -> int:
    """Where an element with these values may hide text by its place: 0 for nowhere, ``INSIDE`` or ``ANYWHERE``."""
    narrow = 0
    for name in _WIDTHS:
        if name in declared and isinstance(wide := declared[name], Length):
            if (pixels := wide.resolve(font, VIEWPORT_WIDTH)) > _BEYOND:
                return ANYWHERE
            if pixels < _EDGE and name == "width":
                narrow = INSIDE
    if _TELLING.isdisjoint(declared):
        return narrow
    if _moves(declared, font):
        return ANYWHERE
    return INSIDE if _confines(declared, font) else narrow


def wide_tables(tables: Iterable[Element]) -> bool:
    """Whether an attribute makes a table so wide that what is aligned in it may lie beyond the page."""
    for table in tables:
        wide = table.get("width")
        if wide is not None and len(wide) > 3 and wide != "100%":
            found = length(wide.strip())
            if found is not None and found.resolve(0.0, VIEWPORT_WIDTH) > _BEYOND:
                return True
    return False


def holds_ink(element: Element) -> bool:
    """Whether an element paints any text, or may: what is large or no plain box is not looked through."""
    for looked, node in enumerate(islice(element.iter(), _MOST_LOOKED_AT + 1)):
        if node.tag != COMMENT:
            if looked == _MOST_LOOKED_AT or node.tag not in _PLAIN or has_ink(node.text):
                return True
            if node.tag == "img" and may_cover(node):
                return True
        if node is not element and has_ink(node.tail):
            return True
    return False


def may_cover(picture: Element) -> bool:
    """Whether a picture stands in the mail itself or has a background, and so may be painted over text."""
    attributes = picture.attrib
    return attributes.get("src", "")[:5] == "data:" or "background" in attributes.get("style", "")


def has_ink(text: str | None) -> bool:
    """Whether a text paints anything."""
    return text is not None and not text.isspace() and _INK(text) is not None


def _moves(declared: Mapping[str, Any], font: float) -> bool:
    """Whether the box may lie elsewhere than in plain flow, or move or cover others."""
    position = declared.get("position", "static")
    if position in {"absolute", "fixed"} or isinstance(declared.get("z-index"), int):
        return True
    if position == "relative" and any(_pixels(declared, side, font) for side in _SIDES):
        return True
    if not _TURNS.isdisjoint(declared) and any(declared.get(name, "none") != "none" for name in _TURNS):
        return True
    if not _GRIDS.isdisjoint(declared):
        return True
    if any(_pixels(declared, name, font) > _FAR for name in ("border-left-width", "border-top-width")):
        return True
    for name in _AROUND:  # noqa: SIM110 - a loop, since this is asked for nearly every style
        if name in declared and not _BACK <= _pixels(declared, name, font) <= _FAR:
            return True
    return False


def _confines(declared: Mapping[str, Any], font: float) -> bool:
    """Whether text in the box may be cut off, painted over by its box, run out of it or lie upon itself."""
    if declared.get("min-width") is not None and declared.get("overflow-x", "visible") != "visible":
        return True
    if "(" in str(declared.get("clip-path", "")):
        return True
    if ("background-color" in declared or str(declared.get("display"))[-4:] in {"flex", "grid"}) and _low(
        declared, font
    ):
        return True
    if (
        not 0 <= _pixels(declared, "text-indent", font) < _INDENTED
        or abs(_pixels(declared, "word-spacing", font)) > 2 * font
    ):
        return True
    if "container-type" in declared or _paints_inside(declared.get("box-shadow")):
        return True
    return declared.get("contain", "none") not in {"none", "layout", "style"} or _cuts(declared, font)


def _paints_inside(shadow: object) -> bool:
    """Whether a shadow may lie behind text: one that goes round the edge of its box alone does not."""
    return isinstance(shadow, str) and inner_shadow(shadow, _EDGE) is not None


def _low(declared: Mapping[str, Any], font: float) -> bool:
    return "height" in declared and 0 <= _pixels(declared, "height", font) < 12


def flat_lines(height: object) -> bool:
    """Whether lines of this ``line-height`` have next to no height (CSS 2.2, section 10.8.1)."""
    return (
        isinstance(height, Length)
        and height.pixels + height.fonts + height.share < (0.2 if height.bare else 3.0)
        and not (height.fonts > 0.2 or height.share > 0.2)
    )


def _cuts(declared: Mapping[str, Any], font: float) -> bool:
    if all(declared.get(name, "visible") == "visible" for name in ("overflow-x", "overflow-y")):
        return False
    if (
        declared.get("white-space") in {"nowrap", "pre"}
        or declared.get("table-layout") == "fixed"
        or flat_lines(declared.get("line-height"))
        or any(isinstance(declared.get(name), Length) for name in ("height", "max-height", "flex-basis"))
        or "inherit" in (declared.get("height"), declared.get("max-height"), declared.get("width"))
    ):
        return True
    wide = [_pixels(declared, name, font) for name in ("width", "max-width") if isinstance(declared.get(name), Length)]
    return "-webkit-line-clamp" in declared or any(one < _NARROW for one in wide)


def _pixels(declared: Mapping[str, Any], name: str, font: float) -> float:
    value = declared.get(name)
    return value.resolve(font, VIEWPORT_WIDTH) if isinstance(value, Length) else 0.0
