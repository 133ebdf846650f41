"""A computed style: what decides whether text with it is painted, and whether it can be told from what is behind it.

Decides legibility and cover of a style that is known. It never computes one: ``style`` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from postbox.screening.distilling.css_colours import BLACK, RGBA, WHITE, colour
from postbox.screening.distilling.css_lengths import ROOT_FONT, Length, length
from postbox.screening.distilling.legibility import Filter, blended, filtered, too_near
from postbox.screening.distilling.pseudo_classes import split_commas
from postbox.screening.distilling.reasons import HiddenReason

FAINTEST = 0.1
_WIPES = re.compile(r"(?:brightness|contrast)\(0").search
_FUNCTIONS = re.compile(r"[a-z]+\([^()]{1,60}\)").findall
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
    behind_blend: RGBA | None = None
    direction: str = "ltr"
    exact: bool = False
    root: float = ROOT_FONT
    ground: RGBA | None = WHITE
    """The background under the nearest block: those of inline elements do not lie under blocks in them."""
    dark: bool = False
    """Under a dark colour scheme."""
    zoom: float = 1.0
    control: bool = False
    """In a form control, of which no places are worked out."""
    crowded: bool = False
    flat: bool = False
    """In lines without height, in which text lies upon text."""
    inside: dict[object, Plan] = field(default_factory=dict)

    def values(self) -> tuple[object, ...]:
        """What makes one style differ from another; a page's own white is told from one that an author painted."""
        return (
            self.holder, self.gone, self.reason, self.unseen, self.font, self.colour, self.fill, self.backdrop,
            self.opacity, self.white_space, self.indented, self.secured, self.bullets, self.base, self.link,
            tuple(self.custom.items()) if self.custom else (), self.indent, self.shadow, self.outline, self.through,
            self.filters, self.behind_filter, self.blending,
            self.behind_blend, self.behind_blend is WHITE, self.direction,
            self.exact, self.root, self.ground, self.dark, self.zoom, self.control, self.crowded, self.flat,
            self.backdrop is WHITE,
        )  # fmt: skip


Plan = tuple[Style, int, int, str, Any]
"""What to do with an element: its style, the edge it makes (``elements``), flags (``HABIT`` ...), its display, and the
declared values of its pseudo-elements, if it has any."""


def gradient_colours(value: str) -> list[RGBA]:
    inner = value.partition("(")[2].replace(")", ") ").replace(",", " ")
    plain = [found for word in inner.split() if (found := colour(word)) is not None]
    return plain + [found for word in _FUNCTIONS(value)[:40] if (found := colour(word)) is not None]


WIDE_SHADOW = 12.0


def inner_shadow(value: str, least: float) -> RGBA | None:
    """The colour of the uppermost shadow inside a box that reaches at least so many pixels from its edge."""
    for one in split_commas(value) if "inset" in value else ():
        if "inset" in one and shadow_reach(one) >= least and (found := gradient_colours("(" + one)):
            return found[0]
    return None


def shadow_reach(shadow: str) -> float:
    """How far from the edge one shadow paints, in pixels, without its blur."""
    said = [size.resolve(ROOT_FONT, 0.0) for word in _ARGUMENTS("", shadow).split() if (size := length(word))]
    return max(map(abs, said[:2]), default=0.0) + max(0.0, said[3] if len(said) > 3 else 0.0)


_ARGUMENTS = re.compile(r"[a-z]+\([^()]{0,200}\)").sub


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
    if style.blending and style.behind_blend is not None and style.behind_blend is not WHITE:
        behind = style.behind_blend
        inks = [blended(ink, style.blending, behind) for ink in inks]
        backdrop = backdrop if backdrop is behind else blended(backdrop, style.blending, behind)
    if style.opacity < 0.999:
        inks = [(ink[0], ink[1], ink[2], ink[3] * style.opacity) for ink in inks]
    return any(not too_near(ink, backdrop) for ink in inks)


_PAINTED = frozenset({"background-color", "background-image", "box-shadow", "backdrop-filter", "-border-paint"})
"""What may make a box cover what lies under it."""


def backdrop_of(style: Style, declared: dict[str, Any]) -> RGBA | None:
    """The colour with which a box covers what lies under it, None where it lets it through."""
    if _PAINTED.isdisjoint(declared):
        return None
    paint = declared.get("background-color")
    picture = declared.get("background-image", "none")
    shadow = declared.get("box-shadow")
    if isinstance(shadow, str) and (inner := inner_shadow(shadow, 0.0 if paint is None else WIDE_SHADOW)):
        return inner
    if declared.get("background-clip") == "text" or declared.get("mix-blend-mode") in {"multiply", "darken"}:
        return None
    if _WIPES(str(declared.get("backdrop-filter", ""))):
        return colour("gray")
    if isinstance(picture, str) and "gradient(" in picture:
        colours = gradient_colours(picture)
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
    return None
