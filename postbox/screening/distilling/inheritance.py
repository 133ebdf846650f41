"""Values that an element has from its parent, from itself, or from both: sizes, colours, opacity, backgrounds.

Decides inheritance and what relative values amount to (CSS Cascading 5, section 7). It never decides what is seen.
"""

from __future__ import annotations

import re
from typing import Any

from postbox.screening.distilling.computed import FAINTEST, WIDE_SHADOW, Style, gradient_colours, inner_shadow
from postbox.screening.distilling.css_colours import BLACK, Scheme, is_dark
from postbox.screening.distilling.css_lengths import ROOT_FONT, VIEWPORT_WIDTH, Length
from postbox.screening.distilling.declarations import GLOBAL_KEYWORDS
from postbox.screening.distilling.legibility import NEAR, blend, colour_filters, distance, opaqueness
from postbox.screening.distilling.pseudo_classes import split_commas

_SMALLEST_RELATIVE = 6.0
_FONT_WORDS = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0,
    "xx-large": 32.0, "xxx-large": 48.0,
}  # fmt: skip


def inherit(style: Style, parent: Style, declared: dict[str, Any]) -> None:
    """Sets on a style that began as its parent's what these declared values say."""
    for name, setter in SETTERS.items():
        if name not in declared:
            continue
        value = declared[name]
        if isinstance(value, str) and value in GLOBAL_KEYWORDS:
            if value == "initial" or (value != "inherit" and name in _NOT_INHERITED):
                value = _INITIAL[name]
            elif name == "color":
                value = parent.colour
            elif name == "font-size":
                style.font = parent.font
                continue
            elif name == "opacity":
                value = parent.opacity  # the parent's own, as far as is known, and never more
            else:
                continue
        if style.dark and type(value) is Scheme:
            value = value.dark
        setter(style, parent, value)


def _set_zoom(style: Style, parent: Style, value: Any) -> None:
    style.zoom = parent.zoom * (value if value > 0 else 1.0)


def _set_adjust(style: Style, _parent: Style, value: Any) -> None:
    """Letters as high as a share of the font size; usually it is about a half."""
    style.font *= min(1.0, 2 * value)


def _set_scheme(style: Style, _parent: Style, value: Any) -> None:
    style.dark = is_dark(value)


def _set_visibility(style: Style, _parent: Style, value: Any) -> None:
    style.unseen = value != "visible"


def _set_opacity(style: Style, _parent: Style, value: Any) -> None:
    style.opacity *= min(1.0, max(0.0, value))


def _set_font(style: Style, parent: Style, value: Any) -> None:
    """Sizes that hang on the parent's are never painted smaller than a few pixels, unless one above was exact."""
    if isinstance(value, Length):
        style.font = value.resolve(parent.font, parent.font)
        if value.rooted:
            style.font = value.pixels / ROOT_FONT * parent.root
        if value.pixels:
            style.exact = True
        elif not style.exact and 0 < style.font < _SMALLEST_RELATIVE:
            style.font = _SMALLEST_RELATIVE
    elif value in {"smaller", "larger"}:
        style.font = parent.font * (1 / 1.2 if value == "smaller" else 1.2)
    elif value in _FONT_WORDS:
        style.font, style.exact = _FONT_WORDS[value], False
    else:
        style.font = parent.font


def _set_colour(style: Style, parent: Style, value: Any) -> None:
    style.colour = parent.link if value == "-link" else parent.colour if value == "currentcolor" else value


def _set_fill(style: Style, _parent: Style, value: Any) -> None:
    style.fill = None if value == "currentcolor" else value


def _set_backdrop(style: Style, parent: Style, value: Any) -> None:
    paint = style.colour if value == "currentcolor" else value
    if paint[3] >= 0.999:
        style.backdrop = paint
    elif paint[3] > 0:
        style.backdrop = blend(paint, paint[3], parent.backdrop) if parent.backdrop else None


def _set_picture(style: Style, _parent: Style, value: Any) -> None:
    """A gradient between colours that are near each other is a plain background; any other cannot be judged."""
    if "(" not in value:
        return
    for layer in reversed(split_commas(value)):
        if "gradient(" not in layer:
            data = layer.replace("'", "").replace('"', "")
            if "url(data:" in data:
                style.backdrop = None
            continue
        end = layer.rfind(")") + 1
        if _ELSEWHERE(layer[end:]):
            continue
        colours = gradient_colours(layer[:end])
        if colours and all(one[3] < FAINTEST for one in colours):
            continue
        plain = colours and all(one[3] >= 0.999 and distance(one, colours[0]) <= NEAR for one in colours)
        style.backdrop = colours[0] if plain else None


_ELSEWHERE = re.compile(r"/\s*[.0]|/\s*\d(?:px)?\b|-\d{3,}|\d{4,}").search
"""A picture of next to no size, or away from its box."""


def _set_inner_shadow(style: Style, _parent: Style, value: Any) -> None:
    """A shadow inside that reaches over the whole box is its background."""
    if "inset" in value and (paint := inner_shadow(value, WIDE_SHADOW)) and paint[3] >= 0.9:
        style.backdrop = paint


def _set_clip(style: Style, parent: Style, value: Any) -> None:
    """A background cut to the letters is their ink, and no backdrop."""
    if value == "text":
        inks = (style.backdrop,) if style.backdrop is not None else ((0.0, 0.0, 255.0, 1.0), (255.0, 0.0, 0.0, 1.0))
        style.through = inks if style.backdrop != parent.backdrop else ()
        style.backdrop = parent.backdrop


def _set_indent(style: Style, _parent: Style, value: Any) -> None:
    if isinstance(value, Length):
        pixels = value.resolve(style.font, VIEWPORT_WIDTH)
        style.indent = value if pixels else None
        style.indented = style.control and (
            pixels <= -300 or (style.white_space in {"nowrap", "pre"} and pixels >= VIEWPORT_WIDTH)
        )


def _set_shadow(style: Style, _parent: Style, value: Any) -> None:
    style.shadow = None if value == "none" else style.colour if value == "currentcolor" else value


def _set_outline(style: Style, _parent: Style, value: Any) -> None:
    style.outline = None if value == "none" else style.colour if value == "currentcolor" else value


def _set_filter(style: Style, parent: Style, value: Any) -> None:
    if "opacity(" in value:
        style.opacity *= opaqueness(value)
    if found := colour_filters(value):
        style.filters = (*found, *style.filters)
        style.behind_filter = parent.backdrop if style.backdrop is parent.backdrop else None


def _set_blending(style: Style, parent: Style, value: Any) -> None:
    style.blending = "" if value == "normal" else value
    style.behind_blend = parent.backdrop


def _set_direction(style: Style, _parent: Style, value: Any) -> None:
    style.direction = value


def _set_white_space(style: Style, _parent: Style, value: Any) -> None:
    style.white_space = value
    style.collapses = value in {"normal", "nowrap"}


def _set_security(style: Style, _parent: Style, value: Any) -> None:
    style.secured = value != "none"


def _set_spacing(style: Style, _parent: Style, value: Any) -> None:
    """Letters on each other, or one by one over the page."""
    style.crowded = isinstance(value, Length) and not -0.5 * style.font < value.resolve(style.font, 0.0) < _FAR_APART


_FAR_APART = 150.0


def _set_bullets(style: Style, _parent: Style, value: Any) -> None:
    style.bullets = value != "none"


SETTERS = {
    "color-scheme": _set_scheme, "zoom": _set_zoom, "font-size": _set_font, "font-size-adjust": _set_adjust,
    "white-space": _set_white_space, "color": _set_colour, "background-color": _set_backdrop,
    "background-image": _set_picture, "background-clip": _set_clip, "filter": _set_filter,
    "mix-blend-mode": _set_blending, "text-shadow": _set_shadow, "-webkit-text-stroke": _set_outline,
    "direction": _set_direction, "visibility": _set_visibility, "opacity": _set_opacity,
    "box-shadow": _set_inner_shadow,
    "-webkit-text-fill-color": _set_fill, "text-indent": _set_indent, "-webkit-text-security": _set_security,
    "list-style-type": _set_bullets, "letter-spacing": _set_spacing,
}  # fmt: skip
"""In the order in which they depend on each other."""
_NOT_INHERITED = frozenset(
    {
        "zoom",
        "opacity",
        "box-shadow",
        "background-color",
        "background-image",
        "background-clip",
        "filter",
        "mix-blend-mode",
    }
)
_INITIAL: dict[str, Any] = {
    "visibility": "visible", "opacity": 1.0, "font-size": "medium", "color": BLACK,
    "-webkit-text-fill-color": "currentcolor", "background-color": (0.0, 0.0, 0.0, 0.0), "background-image": "none",
    "background-clip": "border-box", "filter": "none", "mix-blend-mode": "normal", "text-shadow": "none",
    "box-shadow": "none",
    "-webkit-text-stroke": "none", "direction": "ltr", "text-indent": Length(), "white-space": "normal",
    "-webkit-text-security": "none", "color-scheme": "normal", "zoom": 1.0, "font-size-adjust": 0.5,
    "list-style-type": "disc", "letter-spacing": "normal",
}  # fmt: skip
