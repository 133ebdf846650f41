"""The boxes of a mail, and the tree of them from the tree of elements.

Decides which elements make boxes and what text stands in them. It never places anything: ``flow`` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from postbox.screening.distilling.computed import Style
from postbox.screening.distilling.css_lengths import VIEWPORT_WIDTH, Length
from postbox.screening.distilling.elements import SILENT
from postbox.screening.distilling.hiding import INLINE
from postbox.screening.distilling.layout.attributes import (
    BORDERS,
    FRAMES,
    PADDINGS,
    REPLACED,
    SIDES,
    inherited,
    with_attributes,
)
from postbox.screening.distilling.tree import Element

_PIECES = re.compile(r"\n|[^\S\n]+|\S+").findall
DEEPEST = 60
_MOST = 20_000


@dataclass(slots=True, eq=False)
class Run:
    """The words of one text node and where each was put: x, y, width, height."""

    element: Element
    tail: bool
    style: Style
    words: list[str]
    leading: bool
    trailing: bool
    preformatted: bool = False
    control: bool = False
    """What a form control shows, which stands in no text node."""
    places: list[tuple[float, float, float, float]] = field(default_factory=list)


class Sides(NamedTuple):
    """Margins, paddings or borders of a box, in pixels."""

    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    left: float = 0.0


@dataclass(slots=True, eq=False)
class Box:
    """A box with its border edge (``x``, ``y``, ``width``, ``height``) once it is placed.

    What its declared values say of it is worked out once, when it is made, since layout asks for it again and again;
    percentages of edges refer to the viewport's width.
    """

    style: Style
    display: str
    declared: dict[str, Any]
    parent: Box | None
    element: Element | None = None
    children: list[Box | Run] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    preferred: float = -1.0
    narrowest: float = -1.0
    natural: float = 0.0
    """How high it is by what stands in it."""
    wrapped: bool = False
    """Whether lines in it end where no break is written, so that its height is an estimate."""
    below: float = 0.0
    """The margin that sticks out at the bottom."""
    position: str = field(init=False)
    out_of_flow: bool = field(init=False)
    floating: bool = field(init=False)
    inline: bool = field(init=False)
    clips: bool = field(init=False)
    margin: Sides = field(init=False)
    padding: Sides = field(init=False)
    border: Sides = field(init=False)
    apart: bool = field(init=False)
    """Whether it may lie elsewhere than the backgrounds of its parents."""
    spacing: float = field(init=False)
    """What is added between words."""
    spaced: Box | None = field(init=False)
    """The nearest box around its text, itself too, that says how high lines are."""

    def __post_init__(self) -> None:
        declared, parent = self.declared, self.parent
        position = self.position = str(declared.get("position", "static"))
        self.out_of_flow = position in _OUT_OF_FLOW
        self.floating = declared.get("float", "none") in _FLOATS and not self.out_of_flow
        self.inline = self.display in INLINE and not self.out_of_flow and not self.floating
        self.clips = (
            not self.inline
            and self.display not in _ROWS
            and (
                declared.get("overflow-y", "visible") != "visible"
                or declared.get("overflow-x", "visible") != "visible"
                or declared.get("contain") in _CONTAINING
            )
        )
        tag = "" if self.element is None else self.element.tag
        usual = _NO_SIDES if tag in _LISTS and self._in_list() else _usual_margin(tag, self.style.font)
        self.margin = self._sides(_MARGIN_NAMES, usual)
        self.padding = self._sides(PADDINGS, _USUAL_PADDING.get(tag, _NO_SIDES))
        self.border = self._sides(BORDERS, _USUAL_BORDER.get(tag, _NO_SIDES))
        away = position != "static" or "height" in declared or self.margin.top > _FAR_BELOW
        self.apart = away or (parent is not None and parent.apart)
        between = declared.get("word-spacing")
        inherited = parent.spacing if parent is not None else 0.0
        self.spacing = between.resolve(self.style.font, 0.0) if isinstance(between, Length) else inherited
        lines = declared.get("line-height")
        said = isinstance(lines, Length) or lines == "normal"
        self.spaced = self if said else parent.spaced if parent is not None else None

    def _sides(self, names: tuple[str, ...], usual: Sides) -> Sides:
        """What is declared of these, or what is usual for its element; words such as ``auto`` are nothing."""
        declared = self.declared
        if declared.keys().isdisjoint(names):
            return usual
        found = list(usual)
        for at, name in enumerate(names):
            if name in declared:
                found[at] = self.pixels(name, VIEWPORT_WIDTH) or 0.0
        return Sides(*found)

    def _in_list(self) -> bool:
        at = self.parent
        while at is not None and (at.element is None or at.element.tag not in _LISTS):
            at = at.parent
        return at is not None

    def pixels(self, name: str, base: float) -> float | None:
        """A declared length in pixels, None where there is none."""
        value = self.declared.get(name)
        return value.resolve(self.style.font, base) if isinstance(value, Length) else None


_OUT_OF_FLOW = frozenset({"absolute", "fixed"})
_FLOATS = frozenset({"left", "right"})
_ROWS = frozenset({"table-row", "table-row-group", "table-header-group", "table-footer-group"})
"""To these neither ``overflow`` nor ``contain`` applies (CSS Overflow 3, section 3; CSS Containment 2, section 3)."""
_CONTAINING = frozenset({"paint", "content", "strict"})
_FAR_BELOW = 30.0
_MARGIN_NAMES = tuple(f"margin-{side}" for side in SIDES)
_NO_SIDES = Sides()
_LISTS = frozenset({"ul", "ol", "menu", "dir", "dl"})
"""Within each other they have no margins (HTML, section 15.3.7)."""
_MARGINS = {"p": 1.0, "ul": 1.0, "ol": 1.0, "dl": 1.0, "blockquote": 1.0, "pre": 1.0, "figure": 1.0, "h1": 0.67,
            "h2": 0.83, "h3": 1.0, "h4": 1.33, "h5": 1.67, "h6": 2.33, "hr": 0.5, "menu": 1.0, "dir": 1.0}  # fmt: skip
_USUAL_PADDING = {
    **dict.fromkeys(("ul", "ol", "menu", "dir"), Sides(left=40.0)),
    **dict.fromkeys(("td", "th"), Sides(1.0, 1.0, 1.0, 1.0)),
    "button": Sides(1.0, 6.0, 1.0, 6.0), "input": Sides(1.0, 2.0, 1.0, 2.0), "textarea": Sides(2.0, 2.0, 2.0, 2.0),
    "select": Sides(1.0, 4.0, 1.0, 4.0),
}  # fmt: skip
_USUAL_BORDER = {
    **dict.fromkeys(("button", "input"), Sides(2.0, 2.0, 2.0, 2.0)),
    **dict.fromkeys(("select", "textarea"), Sides(1.0, 1.0, 1.0, 1.0)),
}


def _usual_margin(tag: str, font: float) -> Sides:
    """The margins of an element by the user agent's sheet."""
    if tag == "body":
        return Sides(8.0 / font * font if font else 0.0, 8.0, 8.0 / font * font if font else 0.0, 8.0)
    if tag not in _MARGINS:
        return _NO_SIDES
    over, aside = _MARGINS[tag] * font, 40.0 if tag in {"blockquote", "figure"} else 0.0
    return Sides(over, aside, over, aside)


Look = Callable[[Element, Style], tuple[Style, str, dict[str, Any]]]
"""Style, display and declared values of an element inside a parent of that style."""


def build(root: Element, outermost: Style, look: Look, pseudo: Callable[[Element, Box], list[Box | None]]) -> Box:
    """The tree of boxes; what lies deeper than ``DEEPEST`` joins the box there."""
    style, display, declared = look(root, outermost)
    top = Box(style, "block" if display == "inline" else display, declared, None, root)
    stack: list[tuple[Element, Box, Style, int]] = [(root, top, style, 0)]
    made = 0
    while stack:
        element, box, style, depth = stack.pop()
        before, after = pseudo(element, box) if box.element is element else (None, None)
        if before is not None:
            box.children.append(before)
        _add_run(box, element, False, style)
        for child in element.children:
            tag = child.tag
            if tag not in SILENT or tag in FRAMES:
                style_in, display, declared = look(child, style)
                if display == "inline" and tag in REPLACED:
                    display = "inline-block"
                made += 1
                if style_in.gone is None and made < _MOST:
                    if depth < DEEPEST:
                        inner = Box(
                            style_in, display, with_attributes(child, inherited(declared, box), box), box, child
                        )
                        box.children.append(inner)
                    else:
                        inner = box
                    if tag not in FRAMES:
                        stack.append((child, inner, style_in, depth + 1))
                    if tag in {"input", "select"}:
                        _add_control(inner, child, style_in)
            _add_run(box, child, True, style)
        if after is not None:
            box.children.append(after)
    return top


def _add_control(box: Box, element: Element, style: Style) -> None:
    """What a control shows stands in it as one word."""
    chosen = next((one for one in element.iter("option") if "selected" in one.attrib), None)
    first = chosen if chosen is not None else next(element.iter("option"), None)
    shown = (element.get("value") or element.get("placeholder") or "") if first is None else (first.text or "")
    if shown.strip():
        box.children.append(Run(element, False, style, [" ".join(shown.split())], False, False, control=True))


def _add_run(box: Box, element: Element, tail: bool, style: Style) -> None:
    text = element.tail if tail else element.text
    if not text:
        return
    words = _PIECES(text) if not style.collapses else text.split()
    if not words and "\xa0" in text:
        words = ["\xa0"]
    if words or box.children:
        box.children.append(
            Run(element, tail, style, words, text[0].isspace(), text[-1].isspace(), not style.collapses)
        )


def shift(box: Box, across: float, down: float) -> None:
    """Moves a box and all that is placed inside it."""
    stack: list[Box | Run] = [box]
    while stack:
        one = stack.pop()
        if isinstance(one, Run):
            one.places = [(x + across, y + down, w, h) for x, y, w, h in one.places]
        else:
            one.x += across
            one.y += down
            stack += one.children
