"""The boxes of a mail, and the tree of them from the tree of elements.

Decides which elements make boxes and what text stands in them. It never places anything: ``flow`` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lxml.etree import _Element

from postbox.screening.distilling.computed import Style
from postbox.screening.distilling.css_lengths import VIEWPORT_WIDTH, Length, length
from postbox.screening.distilling.elements import SILENT

_PIECES = re.compile(r"\n|[^\S\n]+|\S+").findall
DEEPEST = 60
_MOST = 20_000
SIDES = ("top", "right", "bottom", "left")


@dataclass(slots=True, eq=False)
class Run:
    """The words of one text node and where each was put: x, y, width, height."""

    element: _Element
    tail: bool
    style: Style
    words: list[str]
    leading: bool
    trailing: bool
    preformatted: bool = False
    control: bool = False
    """What a form control shows, which stands in no text node."""
    places: list[tuple[float, float, float, float]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Box:
    """A box with its border edge (``x``, ``y``, ``width``, ``height``) once it is placed."""

    style: Style
    display: str
    declared: dict[str, Any]
    parent: Box | None
    element: _Element | None = None
    children: list[Box | Run] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    preferred: float = -1.0
    below: float = 0.0
    """The margin that sticks out at the bottom."""

    @property
    def position(self) -> str:
        return str(self.declared.get("position", "static"))

    @property
    def out_of_flow(self) -> bool:
        return self.position in {"absolute", "fixed"}

    @property
    def floating(self) -> bool:
        return self.declared.get("float", "none") in {"left", "right"} and not self.out_of_flow

    @property
    def inline(self) -> bool:
        return (
            self.display in {"inline", "contents", "ruby", "ruby-text"} and not self.out_of_flow and not self.floating
        )

    @property
    def clips(self) -> bool:
        return not self.inline and (
            self.declared.get("overflow-y", "visible") != "visible"
            or self.declared.get("overflow-x", "visible") != "visible"
            or self.declared.get("contain") in {"paint", "content", "strict"}
        )

    def pixels(self, name: str, base: float) -> float | None:
        """A declared length in pixels, None where there is none."""
        value = self.declared.get(name)
        return value.resolve(self.style.font, base) if isinstance(value, Length) else None

    def edge(self, kind: str, side: str) -> float:
        """Margin, padding or border on one side; percentages of the viewport's width."""
        name = f"border-{side}-width" if kind == "border" else f"{kind}-{side}"
        found = self.pixels(name, VIEWPORT_WIDTH)
        if found is not None:
            return found
        return _usual(self, kind, side) if name not in self.declared else 0.0


_MARGINS = {"p": 1.0, "ul": 1.0, "ol": 1.0, "dl": 1.0, "blockquote": 1.0, "pre": 1.0, "figure": 1.0, "h1": 0.67,
            "h2": 0.83, "h3": 1.0, "h4": 1.33, "h5": 1.67, "h6": 2.33, "hr": 0.5, "menu": 1.0, "dir": 1.0}  # fmt: skip


def _usual(box: Box, kind: str, side: str) -> float:
    tag = box.element.tag if box.element is not None else ""
    if kind == "margin":
        if side in {"top", "bottom"}:
            return (
                _MARGINS.get(str(tag), 8.0 / box.style.font if tag == "body" and box.style.font else 0.0)
                * box.style.font
            )
        return 40.0 if tag in {"blockquote", "figure"} else 8.0 if tag == "body" else 0.0
    if kind == "padding":
        if tag in {"ul", "ol", "menu", "dir"} and side == "left":
            return 40.0
        return 1.0 if tag in {"td", "th"} else 0.0
    return 0.0


Look = Callable[[_Element, Style], tuple[Style, str, dict[str, Any]]]
"""Style, display and declared values of an element inside a parent of that style."""


def build(root: _Element, outermost: Style, look: Look, pseudo: Callable[[_Element, Box], list[Box | None]]) -> Box:
    """The tree of boxes; what lies deeper than ``DEEPEST`` joins the box there."""
    style, display, declared = look(root, outermost)
    top = Box(style, "block" if display == "inline" else display, declared, None, root)
    stack: list[tuple[_Element, Box, Style, int]] = [(root, top, style, 0)]
    made = 0
    while stack:
        element, box, style, depth = stack.pop()
        before, after = pseudo(element, box) if box.element is element else (None, None)
        if before is not None:
            box.children.append(before)
        _add_run(box, element, False, style)
        for child in element:
            tag = child.tag
            if isinstance(tag, str) and (tag not in SILENT or tag == "iframe"):
                style_in, display, declared = look(child, style)
                made += 1
                if style_in.gone is None and made < _MOST:
                    if depth < DEEPEST:
                        inner = Box(style_in, display, _with_attributes(child, declared), box, child)
                        box.children.append(inner)
                    else:
                        inner = box
                    if tag != "iframe":
                        stack.append((child, inner, style_in, depth + 1))
                    if tag in {"input", "select"}:
                        _add_control(inner, child, style_in)
            _add_run(box, child, True, style)
        if after is not None:
            box.children.append(after)
    return top


def _add_control(box: Box, element: _Element, style: Style) -> None:
    """What a control shows stands in it as one word."""
    chosen = next((one for one in element.iter("option") if "selected" in one.attrib), None)
    first = chosen if chosen is not None else next(element.iter("option"), None)
    shown = (element.get("value") or element.get("placeholder") or "") if first is None else (first.text or "")
    if shown.strip():
        box.children.append(Run(element, False, style, [" ".join(shown.split())], False, False, control=True))


def _add_run(box: Box, element: _Element, tail: bool, style: Style) -> None:
    text = element.tail if tail else element.text
    if not text:
        return
    words = _PIECES(text) if not style.collapses else text.split()
    if words or box.children:
        box.children.append(
            Run(element, tail, style, words, text[0].isspace(), text[-1].isspace(), not style.collapses)
        )


def _with_attributes(element: _Element, declared: dict[str, Any]) -> dict[str, Any]:
    """Width and height as attributes, below any declared."""
    more = {}
    if element.tag in {"table", "td", "th", "img", "tr", "hr", "marquee", "canvas", "video", "svg", "iframe"}:
        for name in ("width", "height"):
            value = element.get(name)
            if value and name not in declared and (found := length(value.strip().lower())) is not None:
                more[name] = found
    return declared | more if more else declared


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
