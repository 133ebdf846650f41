"""The computed style of an element, as far as it decides whether its text is painted.

Decides inheritance, relative sizes, opacity multiplied up, the effective background and whether a colour can be
told from it. It never walks the tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from postbox.screening.distilling.css_colours import BLACK, RGBA, WHITE, colour
from postbox.screening.distilling.css_lengths import VIEWPORT_WIDTH, Length
from postbox.screening.distilling.custom_properties import resolved
from postbox.screening.distilling.declarations import CUSTOM, GLOBAL_KEYWORDS
from postbox.screening.distilling.hiding import BOX_PROPERTIES, box_hides
from postbox.screening.distilling.hints import ABSENT, UNRENDERED
from postbox.screening.distilling.reasons import HiddenReason
from postbox.screening.distilling.words import words

if TYPE_CHECKING:
    from postbox.screening.distilling.page import Page

SMALLEST_FONT = 4.0
FAINTEST = 0.1
_NEAR = 20.0
_NEARISH = 34.0
_LOW_CONTRAST = 1.2
_FONT_WORDS = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0,
    "xx-large": 32.0, "xxx-large": 48.0,
}  # fmt: skip
_DISPLAYS = {
    **dict.fromkeys(
        words(
    """
    address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure
    footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend listing main menu nav ol optgroup
    option p plaintext pre search section summary ul xmp
    """
),
        "block",
    ),
    "li": "list-item", "table": "table", "tr": "table-row", "td": "table-cell", "th": "table-cell",
    "tbody": "table-row-group", "thead": "table-header-group", "tfoot": "table-footer-group",
    "caption": "table-caption", "col": "table-column", "colgroup": "table-column-group", "img": "inline-block",
    "button": "inline-block", "select": "inline-block", "textarea": "inline-block", "input": "inline-block",
    "marquee": "inline-block",
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
    inside: dict[object, Plan] = field(default_factory=dict)

    def values(self) -> tuple[object, ...]:
        """What makes one style differ from another."""
        return (
            self.holder, self.gone, self.reason, self.unseen, self.font, self.colour, self.fill, self.backdrop,
            self.opacity, self.white_space, self.indented, self.secured, self.bullets, self.base, self.link,
            tuple(self.custom.items()) if self.custom else (),
        )  # fmt: skip


Plan = tuple[Style, int, bool, str]
"""What to do with an element: its style, the edge it makes (``elements``), whether it has a habit, its display."""


def derive(parent: Style, tag: str, declared: dict[str, Any], page: Page) -> tuple[Style, str]:
    """The style and display of an element with these declared values inside an element of this style."""
    reset = tag == "table" and page.quirks
    if not declared and not reset and not parent.holder and tag != "body":
        return parent, _DISPLAYS.get(tag, "inline")
    custom = parent.custom
    if custom or CUSTOM in declared:
        custom, declared = resolved(custom, declared)
    display = _display(tag, declared)
    style = Style(
        parent.gone, None, parent.unseen, parent.font, parent.colour, parent.fill, parent.backdrop, parent.opacity,
        parent.white_space, parent.indented, parent.secured, parent.bullets, custom, parent.collapses,
        display in _HOLDERS, parent.base, parent.link,
    )  # fmt: skip
    if reset:
        style.font, style.colour, style.white_space, style.collapses = 16.0, parent.base, "normal", True
    if declared:
        _inherited_parts(style, parent, declared)
        style.gone = parent.gone or _gone(style, parent, declared, display)
    if tag == "body":
        style.base, style.link = style.colour, declared.get("-link", LINK)
    style.reason = style.gone or _why_unseen(style)
    return page.one(style), display


def _display(tag: str, declared: dict[str, Any]) -> str:
    value = declared.get("display")
    if value is None or value in {"revert", "revert-layer", "inherit"}:
        return _DISPLAYS.get(tag, "inline")
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
    if isinstance(value, Length):
        style.font = value.resolve(parent.font, parent.font)
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
        style.backdrop = _blend(paint, paint[3], parent.backdrop) if parent.backdrop else None


def _set_picture(style: Style, _parent: Style, value: Any) -> None:
    """A gradient between colours that are near each other is a plain background; any other cannot be judged."""
    if "gradient(" not in value:
        return
    inner = value.partition("(")[2].replace(")", ") ").replace(",", " ")
    colours = [found for word in inner.split() if (found := colour(word)) is not None]
    plain = colours and all(one[3] >= 0.999 and _distance(one, colours[0]) <= _NEAR for one in colours)
    style.backdrop = colours[0] if plain else None


def _set_indent(style: Style, _parent: Style, value: Any) -> None:
    if isinstance(value, Length):
        pixels = value.resolve(style.font, VIEWPORT_WIDTH)
        style.indented = pixels <= -300 or (style.white_space in {"nowrap", "pre"} and pixels >= VIEWPORT_WIDTH)


def _set_white_space(style: Style, _parent: Style, value: Any) -> None:
    style.white_space = value
    style.collapses = value in {"normal", "nowrap"}


def _set_security(style: Style, _parent: Style, value: Any) -> None:
    style.secured = value != "none"


def _set_bullets(style: Style, _parent: Style, value: Any) -> None:
    style.bullets = value != "none"


_SETTERS = {
    "font-size": _set_font, "white-space": _set_white_space, "color": _set_colour, "background-color": _set_backdrop,
    "background-image": _set_picture, "visibility": _set_visibility, "opacity": _set_opacity,
    "-webkit-text-fill-color": _set_fill, "text-indent": _set_indent, "-webkit-text-security": _set_security,
    "list-style-type": _set_bullets,
}  # fmt: skip
"""In the order in which they depend on each other."""
_NOT_INHERITED = frozenset({"opacity", "background-color", "background-image"})
_INITIAL: dict[str, Any] = {
    "visibility": "visible", "opacity": 1.0, "font-size": "medium", "color": BLACK,
    "-webkit-text-fill-color": "currentcolor", "background-color": (0.0, 0.0, 0.0, 0.0), "background-image": "none",
    "text-indent": Length(), "white-space": "normal", "-webkit-text-security": "none", "list-style-type": "disc",
}  # fmt: skip


def _gone(style: Style, parent: Style, declared: dict[str, Any], display: str) -> HiddenReason | None:
    if display[:4] == "none":
        return {ABSENT: HiddenReason.HIDDEN_ATTRIBUTE, UNRENDERED: HiddenReason.NOT_RENDERED}.get(
            display, HiddenReason.DISPLAY_NONE
        )
    if style.opacity < FAINTEST:
        return HiddenReason.OPACITY
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
    paint = style.fill or style.colour
    if style.backdrop is None:
        return HiddenReason.COLOUR if paint[3] < FAINTEST else None
    return HiddenReason.COLOUR if _too_near(paint, style.backdrop) else None


@lru_cache(maxsize=4096)
def _too_near(paint: RGBA, backdrop: RGBA) -> bool:
    """Whether paint on this backdrop cannot be told from it: nearly the same, or close and of the same luminance."""
    if paint[3] < 0.999:
        paint = _blend(paint, paint[3], backdrop)
    distance = _distance(paint, backdrop)
    if distance > _NEARISH:
        return False
    return distance <= _NEAR or _contrast(paint, backdrop) < _LOW_CONTRAST


def _distance(one: RGBA, other: RGBA) -> float:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]), abs(one[2] - other[2]))


def _blend(over: RGBA, alpha: float, under: RGBA) -> RGBA:
    red, green, blue = (alpha * over[i] + (1 - alpha) * under[i] for i in range(3))
    return (red, green, blue, 1.0)


def _contrast(one: RGBA, other: RGBA) -> float:
    """The contrast ratio of WCAG 2.2."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(paint: RGBA) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in paint[:3]
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
