"""The computed style of an element, as far as it decides whether its text is painted.

Decides inheritance, relative sizes, opacity multiplied up, the effective background and whether a colour can be
told from it. It never walks the tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from postbox.screening.distilling.css_colours import BLACK, RGBA, WHITE, colour
from postbox.screening.distilling.css_lengths import ROOT_FONT, VIEWPORT_WIDTH, Length
from postbox.screening.distilling.custom_properties import resolved
from postbox.screening.distilling.declarations import CUSTOM, GLOBAL_KEYWORDS
from postbox.screening.distilling.displays import DISPLAYS
from postbox.screening.distilling.hiding import BOX_PROPERTIES, INLINE, box_hides
from postbox.screening.distilling.hints import ABSENT, UNRENDERED
from postbox.screening.distilling.legibility import (
    NEAR,
    Filter,
    blend,
    blended,
    colour_filters,
    distance,
    filtered,
    too_near,
)
from postbox.screening.distilling.reasons import HiddenReason

if TYPE_CHECKING:
    from postbox.screening.distilling.page import Page

_FUNCTIONS = re.compile(r"[a-z]+\([^()]{1,60}\)").findall
SMALLEST_FONT = 4.0
_SMALLEST_RELATIVE = 6.0
FAINTEST = 0.1
_FONT_WORDS = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0,
    "xx-large": 32.0, "xxx-large": 48.0,
}  # fmt: skip
_HOLDERS = frozenset({"flex", "inline-flex", "grid", "inline-grid"})


LINK: RGBA = (0.0, 0.0, 238.0, 1.0)


@dataclass(slots=True, eq=False)
class Style:
    """``gone`` hides the whole subtree; ``reason`` says why text directly inside is not painted, None where it is.

    ``base`` is the body's colour, to which tables return in quirks mode. ``inside`` remembers the styles of elements in
    this one by tag and attributes, where those alone decide.
    """

    gone: HiddenReason | None = None
    reason: HiddenReason | None = None
    unseen: bool = False
    font: float = 16.0
    colour: RGBA = BLACK
    fill: RGBA | None = None
    backdrop: RGBA | None = WHITE
    opacity: float = 1.0
    white_space: str = "normal"
    indented: bool = False
    secured: bool = False
    bullets: bool = True
    custom: dict[str, str] = field(default_factory=dict)
    collapses: bool = True
    holder: bool = False
    base: RGBA = BLACK
    link: RGBA = LINK
    indent: Length | None = None
    shadow: RGBA | None = None
    outline: RGBA | None = None
    through: tuple[RGBA, ...] = ()
    """Colours of a background that is painted through the letters (``background-clip: text``)."""
    filters: tuple[Filter, ...] = ()
    behind_filter: RGBA | None = None
    blending: str = ""
    direction: str = "ltr"
    exact: bool = False
    root: float = ROOT_FONT
    ground: RGBA | None = WHITE
    """The background under the nearest block: those of inline elements do not lie under blocks in them."""
    inside: dict[object, Plan] = field(default_factory=dict)

    def values(self) -> tuple[object, ...]:
        """What makes one style differ from another."""
        return (
            self.holder, self.gone, self.reason, self.unseen, self.font, self.colour, self.fill, self.backdrop,
            self.opacity, self.white_space, self.indented, self.secured, self.bullets, self.base, self.link,
            tuple(self.custom.items()) if self.custom else (), self.indent, self.shadow, self.outline, self.through,
            self.filters, self.behind_filter, self.blending, self.direction,
            self.exact, self.root, self.ground,
        )  # fmt: skip


Plan = tuple[Style, int, int, str, Any]
"""What to do with an element: its style, the edge it makes (``elements``), flags (``HABIT`` ...), its display, and the
declared values of its pseudo-elements, if it has any."""


def derive(parent: Style, tag: str, declared: dict[str, Any], page: Page) -> tuple[Style, str, dict[str, Any]]:
    """Style, display and resolved values of an element with these declared values inside an element of this style."""
    reset = tag == "table" and page.quirks
    if not declared and not reset and not parent.holder and tag != "body" and parent.ground == parent.backdrop:
        return parent, DISPLAYS.get(tag, "inline"), declared
    custom = parent.custom
    if custom or CUSTOM in declared:
        custom, declared = resolved(custom, declared)
    display = _display(tag, declared)
    style = Style(
        parent.gone, None, parent.unseen, parent.font, parent.colour, parent.fill, parent.backdrop, parent.opacity,
        parent.white_space, parent.indented, parent.secured, parent.bullets, custom, parent.collapses,
        display in _HOLDERS, parent.base, parent.link, parent.indent, parent.shadow, parent.outline, parent.through,
        parent.filters, parent.behind_filter, parent.blending, parent.direction,
        parent.exact, parent.root, parent.ground,
    )  # fmt: skip
    if display not in INLINE and parent.ground != parent.backdrop:
        style.backdrop = parent.ground
    if reset:
        style.font, style.colour, style.white_space, style.collapses = 16.0, parent.base, "normal", True
    if declared:
        _inherited_parts(style, parent, declared)
        style.gone = parent.gone or _gone(style, parent, declared, display)
        if tag in {"text", "tspan"} and isinstance(declared.get("fill"), tuple):
            style.fill = declared["fill"]
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
        _inherited_parts(line, style, declared["::first-line"])
        if style.reason is None and (found := _why_unseen(line)):
            style.reason, style.colour, style.fill = found, line.colour, line.fill
    return page.one(style), display, declared


def _display(tag: str, declared: dict[str, Any]) -> str:
    value = declared.get("display")
    if value is None or value in {"revert", "revert-layer"}:
        return DISPLAYS.get(tag, "inline")
    return "inline" if value in GLOBAL_KEYWORDS else str(value)


def _inherited_parts(style: Style, parent: Style, declared: dict[str, Any]) -> None:
    for name, setter in _SETTERS.items():
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
            else:
                continue
        setter(style, parent, value)


def _set_visibility(style: Style, _parent: Style, value: Any) -> None:
    style.unseen = value != "visible"


def _set_opacity(style: Style, parent: Style, value: Any) -> None:
    style.opacity = parent.opacity * min(1.0, max(0.0, value))


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
    else:
        style.font = _FONT_WORDS.get(value, parent.font)


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


def _gradient_colours(value: str) -> list[RGBA]:
    inner = value.partition("(")[2].replace(")", ") ").replace(",", " ")
    plain = [found for word in inner.split() if (found := colour(word)) is not None]
    return plain + [found for word in _FUNCTIONS(value)[:40] if (found := colour(word)) is not None]


def _set_picture(style: Style, _parent: Style, value: Any) -> None:
    """A gradient between colours that are near each other is a plain background; any other cannot be judged."""
    if "gradient(" not in value:
        if "url(data:" in value.replace("'", "").replace('"', ""):
            style.backdrop = None
        return
    colours = _gradient_colours(value)
    if colours and all(one[3] < FAINTEST for one in colours):
        return
    plain = colours and all(one[3] >= 0.999 and distance(one, colours[0]) <= NEAR for one in colours)
    style.backdrop = colours[0] if plain else None


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
        style.indented = pixels <= -300 or (style.white_space in {"nowrap", "pre"} and pixels >= VIEWPORT_WIDTH)


def _set_shadow(style: Style, _parent: Style, value: Any) -> None:
    style.shadow = None if value == "none" else style.colour if value == "currentcolor" else value


def _set_outline(style: Style, _parent: Style, value: Any) -> None:
    style.outline = None if value == "none" else style.colour if value == "currentcolor" else value


def _set_filter(style: Style, parent: Style, value: Any) -> None:
    if found := colour_filters(value):
        style.filters, style.behind_filter = (*found, *style.filters), parent.backdrop


def _set_blending(style: Style, _parent: Style, value: Any) -> None:
    style.blending = "" if value == "normal" else value


def _set_direction(style: Style, _parent: Style, value: Any) -> None:
    style.direction = value


def _set_white_space(style: Style, _parent: Style, value: Any) -> None:
    style.white_space = value
    style.collapses = value in {"normal", "nowrap"}


def _set_security(style: Style, _parent: Style, value: Any) -> None:
    style.secured = value != "none"


def _set_bullets(style: Style, _parent: Style, value: Any) -> None:
    style.bullets = value != "none"


_SETTERS = {
    "font-size": _set_font, "white-space": _set_white_space, "color": _set_colour, "background-color": _set_backdrop,
    "background-image": _set_picture, "background-clip": _set_clip, "filter": _set_filter,
    "mix-blend-mode": _set_blending, "text-shadow": _set_shadow, "-webkit-text-stroke": _set_outline,
    "direction": _set_direction, "visibility": _set_visibility, "opacity": _set_opacity,
    "-webkit-text-fill-color": _set_fill, "text-indent": _set_indent, "-webkit-text-security": _set_security,
    "list-style-type": _set_bullets,
}  # fmt: skip
"""In the order in which they depend on each other."""
_NOT_INHERITED = frozenset(
    {"opacity", "background-color", "background-image", "background-clip", "filter", "mix-blend-mode"}
)
_INITIAL: dict[str, Any] = {
    "visibility": "visible", "opacity": 1.0, "font-size": "medium", "color": BLACK,
    "-webkit-text-fill-color": "currentcolor", "background-color": (0.0, 0.0, 0.0, 0.0), "background-image": "none",
    "background-clip": "border-box", "filter": "none", "mix-blend-mode": "normal", "text-shadow": "none",
    "-webkit-text-stroke": "none", "direction": "ltr", "text-indent": Length(), "white-space": "normal", "-webkit-text-security": "none", "list-style-type": "disc",
}  # fmt: skip


def _gone(style: Style, parent: Style, declared: dict[str, Any], display: str) -> HiddenReason | None:
    if display[:4] == "none":
        return {ABSENT: HiddenReason.HIDDEN_ATTRIBUTE, UNRENDERED: HiddenReason.NOT_RENDERED}.get(
            display, HiddenReason.DISPLAY_NONE
        )
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
    if style.font < SMALLEST_FONT:
        return HiddenReason.FONT_SIZE
    if style.indented:
        return HiddenReason.OFF_SCREEN
    if style.secured:
        return HiddenReason.CLIPPED
    return None if told_apart(style, style.backdrop) else HiddenReason.COLOUR


def told_apart(style: Style, backdrop: RGBA | None) -> bool:
    """Whether text of this style can be read on this backdrop; None is one that cannot be judged."""
    inks = [style.fill or style.colour]
    if style.shadow is not None or style.outline is not None or style.through:
        inks += [ink for ink in (style.shadow, style.outline, *style.through) if ink is not None]
    if backdrop is None:
        return any(ink[3] >= FAINTEST for ink in inks)
    if style.filters:
        inks = [filtered(ink, style.filters) for ink in inks]
        if backdrop is not style.behind_filter and backdrop != style.behind_filter:
            backdrop = filtered(backdrop, style.filters)
    if style.blending and backdrop is not WHITE:
        inks = [blended(ink, style.blending, backdrop) for ink in inks]
    if style.opacity < 0.999:
        inks = [(ink[0], ink[1], ink[2], ink[3] * style.opacity) for ink in inks]
    return any(not too_near(ink, backdrop) for ink in inks)


def backdrop_of(style: Style, declared: dict[str, Any]) -> RGBA | None:
    """The colour with which a box covers what lies under it, None where it lets it through."""
    paint = declared.get("background-color")
    picture = declared.get("background-image", "none")
    if declared.get("background-clip") == "text":
        return None
    if isinstance(picture, str) and "gradient(" in picture:
        colours = _gradient_colours(picture)
        if colours and all(one[3] >= 0.9 for one in colours):
            return style.backdrop or colours[0]
    if isinstance(picture, str) and "url(data:" in picture.replace("'", "").replace('"', "") and "jpeg" in picture:
        return colour("gray")
    if paint == "currentcolor":
        paint = style.colour
    if isinstance(paint, tuple) and paint[3] > 0:
        return paint
    border = declared.get("-border-paint")
    wide = declared.get("border-top-width")
    if border is not None and isinstance(wide, Length) and wide.pixels >= 10:
        return border  # type: ignore[no-any-return]
    shadow = declared.get("box-shadow")
    if isinstance(shadow, str) and "inset" in shadow and (found := _gradient_colours("(" + shadow)):
        return found[0]
    return None
