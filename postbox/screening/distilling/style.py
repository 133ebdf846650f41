"""The computed style of an element, as far as it decides whether its text is painted.

Decides what an element is displayed as, whether its box or its letters are seen, and which style is that of its
parent. It never walks the tree.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from postbox.screening.distilling.computed import FAINTEST, LINK, Style, told_apart
from postbox.screening.distilling.css_colours import CANVAS_DARK, WHITE, is_dark
from postbox.screening.distilling.custom_properties import resolved
from postbox.screening.distilling.declarations import CUSTOM, GLOBAL_KEYWORDS
from postbox.screening.distilling.displays import DISPLAYS
from postbox.screening.distilling.hiding import BOX_PROPERTIES, INLINE, box_hides
from postbox.screening.distilling.hints import ABSENT, CONTROLS, CUTTING, FILL, UNRENDERED
from postbox.screening.distilling.inheritance import SETTERS, inherit
from postbox.screening.distilling.layout.needs import flat_lines
from postbox.screening.distilling.reasons import HiddenReason

if TYPE_CHECKING:
    from postbox.screening.distilling.page import Page

SMALLEST_FONT = 4.0
_HOLDERS = frozenset({"flex", "inline-flex", "grid", "inline-grid"})


def derive(parent: Style, tag: str, declared: dict[str, Any], page: Page) -> tuple[Style, str, dict[str, Any]]:
    """Style, display and resolved values of an element with these declared values inside an element of this style."""
    reset = tag == "table" and page.quirks
    indented = tag == "table" and parent.indent is not None  # as in the style sheet of browsers
    if (
        not declared
        and not reset
        and not indented
        and not parent.holder
        and tag != "body"
        and parent.ground == parent.backdrop
    ):
        return parent, DISPLAYS.get(tag, "inline"), declared
    if reset:
        declared = _OF_OLD_TABLES | declared
    custom = parent.custom
    if custom or CUSTOM in declared:
        custom, declared = resolved(custom, declared)
    display = _display(tag, declared)
    if display == "contents":
        declared = {name: value for name, value in declared.items() if name not in _OF_BOXES}
    if not reset and not indented and not custom and _like_parent(parent, tag, declared, display):
        return parent, display, declared
    style = Style(
        parent.gone, None, parent.unseen, parent.font, parent.colour, parent.fill, parent.backdrop, parent.opacity,
        parent.white_space, parent.indented, parent.secured, parent.bullets, custom, parent.collapses,
        display in _HOLDERS, parent.base, parent.link, parent.indent, parent.shadow, parent.outline, parent.through,
        parent.filters, parent.behind_filter, parent.blending, parent.behind_blend, parent.direction,
        parent.exact, parent.root, parent.ground, parent.dark, parent.zoom, tag in CONTROLS, parent.crowded,
        _flat(parent, declared),
    )  # fmt: skip
    if display not in INLINE and parent.ground != parent.backdrop:
        style.backdrop = parent.ground
    if indented:
        style.indent = None
    if reset:
        style.font, style.colour, style.white_space, style.collapses = 16.0, parent.base, "normal", True
    if declared:
        if tag == "html" and is_dark(declared.get("color-scheme", "")):
            style.colour, style.backdrop = WHITE, CANVAS_DARK
        if declared.get("-picture-size") is True or declared.get("-picture-position") is True:
            declared = declared | {"background-image": "none"}
        inherit(style, parent, declared)
        style.gone = parent.gone or _gone(style, parent, _cutting(tag, declared), display)
        if isinstance(fill := declared.get("fill"), tuple) and tag in {"svg", "g"}:
            style.custom = custom | {FILL: f"rgba({fill[0]:.0f},{fill[1]:.0f},{fill[2]:.0f},{fill[3]:.2f})"}
        if tag in {"text", "tspan"}:
            style.backdrop = declared.get("-ground") or parent.backdrop
        if tag in {"text", "tspan"} and isinstance(fill, tuple):
            style.fill = fill
            if declared.get("fill-opacity", 1.0) == 0:
                style.fill = (0.0, 0.0, 0.0, 0.0)
    style.ground = parent.ground if display in INLINE else style.backdrop
    if tag == "html":
        style.root = style.font
    if tag == "body":
        style.base, style.link = style.colour, declared.get("-link", LINK)
    style.reason = style.gone or _why_unseen(style)
    if style.reason is None and "::first-line" in declared:
        line = replace(style)
        inherit(line, style, {name: one for name, one in declared["::first-line"].items() if name in _OF_A_LINE})
        if style.reason is None and (found := _why_unseen(line)):
            style.reason, style.colour, style.fill = found, line.colour, line.fill
    return page.one(style), display, declared


def _like_parent(parent: Style, tag: str, declared: dict[str, Any], display: str) -> bool:
    """Whether an element with these values paints as its parent does: they say nothing but where and how large."""
    return (
        parent.reason is None
        and parent.ground == parent.backdrop
        and not parent.holder
        and not parent.custom
        and display not in _HOLDERS
        and tag not in _ROOTS
        and _PAINTING.isdisjoint(declared)
        and _flat(parent, declared) is parent.flat
        and _gone(parent, parent, declared, display) is None
    )


def _flat(parent: Style, declared: dict[str, Any]) -> bool:
    """Whether lines of text in it have next to no height."""
    height = declared.get("line-height")
    if height is None:
        return parent.flat
    return flat_lines(height) or (parent.flat and isinstance(height, str) and height in _AS_PARENT)


_OF_OLD_TABLES = {"line-height": "normal"}
"""What tables do not inherit in quirks mode (Quirks Mode Standard, section 3.3)."""
_AS_PARENT = frozenset({"inherit", "unset", "revert", "revert-layer"})


def _display(tag: str, declared: dict[str, Any]) -> str:
    value = declared.get("display")
    if value is None or value in {"revert", "revert-layer"}:
        return DISPLAYS.get(tag, "inline")
    return "inline" if value in GLOBAL_KEYWORDS else str(value)


_PAINTING = frozenset(SETTERS) | {CUSTOM, "fill", "fill-opacity", "-link", "::first-line"}
_OF_BOXES = BOX_PROPERTIES | {"opacity", "filter", "float", "mix-blend-mode", "mask-image"}
"""What says nothing of an element without a box."""
_OF_A_LINE = frozenset(
    {"font-size", "color", "-webkit-text-fill-color", "background-color", "background-image", "text-shadow"}
)
_ROOTS = frozenset({"html", "body", "text", "tspan"})
_PICTURED = (("picture", ""),)
"""``content`` of a picture alone takes the place of what an element holds."""


def _cutting(tag: str, declared: dict[str, Any]) -> dict[str, Any]:
    """Form controls but buttons cut off what does not fit into them."""
    if tag not in CUTTING or _EXTENTS.isdisjoint(declared):
        return declared
    return {"overflow-x": "clip", "overflow-y": "clip"} | declared


_EXTENTS = frozenset({"width", "height", "max-width", "max-height"})


def _gone(style: Style, parent: Style, declared: dict[str, Any], display: str) -> HiddenReason | None:
    if display[:4] == "none":
        return {ABSENT: HiddenReason.HIDDEN_ATTRIBUTE, UNRENDERED: HiddenReason.NOT_RENDERED}.get(
            display, HiddenReason.DISPLAY_NONE
        )
    if declared.get("content") == _PICTURED:
        return HiddenReason.NOT_RENDERED
    if style.opacity < FAINTEST:
        return HiddenReason.OPACITY
    if display.startswith("table-column"):
        return HiddenReason.DISPLAY_NONE
    if not BOX_PROPERTIES.isdisjoint(declared):
        return box_hides(declared, display, style.font, parent.holder)
    return None


def _why_unseen(style: Style) -> HiddenReason | None:
    if style.unseen:
        return HiddenReason.VISIBILITY
    if style.font * style.zoom < SMALLEST_FONT:
        return HiddenReason.FONT_SIZE
    if style.indented:
        return HiddenReason.OFF_SCREEN
    if style.secured or style.crowded:
        return HiddenReason.CLIPPED
    return None if told_apart(style, style.backdrop) else HiddenReason.COLOUR
