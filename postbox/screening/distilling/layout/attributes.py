"""What a box is told by attributes and by ``inherit``, below and in place of what is declared.

Decides from one element and the box around it (HTML Living Standard, section 15). It never places anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from postbox.screening.distilling.css_lengths import Length, length
from postbox.screening.distilling.hiding import BOX_PROPERTIES
from postbox.screening.distilling.tree import Element

if TYPE_CHECKING:
    from postbox.screening.distilling.layout.boxes import Box

SIDES = ("top", "right", "bottom", "left")
PADDINGS = tuple(f"padding-{side}" for side in SIDES)
BORDERS = tuple(f"border-{side}-width" for side in SIDES)
FRAMES = frozenset({"iframe", "video"})
REPLACED = FRAMES | {"svg", "embed"}
"""Elements that stand in a line as a box of their own size; ``FRAMES`` have a usual one, and hold nothing to read."""


def with_attributes(element: Element, declared: dict[str, Any], parent: Box) -> dict[str, Any]:
    """What attributes say of a box, below any declared."""
    if element.tag not in _SIZED:
        return declared
    more: dict[str, Any] = {}
    for name in ("width", "height"):
        if (found := _attribute(element, name)) is not None:
            more[name] = found
    if element.tag in FRAMES:
        more = {"width": Length(pixels=300.0), "height": Length(pixels=150.0)} | more
    elif rows := _ROWS_OF.get(element.tag):
        count = _attribute(element, rows[0])
        if count is not None and (count.pixels > 1 or element.tag != "select"):
            more["height"] = Length(pixels=count.pixels * rows[1])
    if element.tag in {"table", "img"}:
        more |= _ALIGNED.get((element.tag, (element.get("align") or "").lower()), {})
    if element.tag == "table":
        if (spacing := _attribute(element, "cellspacing")) is not None:
            more["-spacing-x"] = more["-spacing-y"] = spacing
        if (border := _attribute(element, "border")) is not None:
            more |= dict.fromkeys(BORDERS, border)
    elif element.tag in {"td", "th"}:
        table: Box | None = parent
        while table is not None and table.display != "table":
            table = table.parent
        padding = None if table is None or table.element is None else _attribute(table.element, "cellpadding")
        more |= {} if padding is None else dict.fromkeys(PADDINGS, padding)
    if said := element.get("valign"):
        more["vertical-align"] = said.strip().lower()
    return more | declared if more else declared


def in_drawing(text: Element, font: float) -> tuple[float, float]:
    """How far a ``text`` of SVG lies from where its drawing begins: its attributes say where its baseline is."""
    x, y = _attribute(text, "x"), _attribute(text, "y")
    return 0.0 if x is None else x.pixels, (0.0 if y is None else y.pixels) - 0.95 * font


def _attribute(element: Element, name: str) -> Length | None:
    """A dimension as an attribute says it."""
    value = element.get(name)
    return length(value.strip().lower()) if value else None


_ALIGNED: dict[tuple[str, str], dict[str, Any]] = {
    ("table", "center"): {"margin-left": "auto", "margin-right": "auto"},
    **{(tag, side): {"float": side} for tag in ("table", "img") for side in ("left", "right")},
    **{("img", side): {"vertical-align": side} for side in ("top", "middle")},
}
"""What ``align`` says (HTML, sections 15.3.10 and 15.4.3)."""
_ROWS_OF = {"textarea": ("rows", 15.0), "select": ("size", 17.0), "hr": ("size", 1.0)}
_SIZED = REPLACED | _ROWS_OF.keys() | {"table", "td", "th", "img", "tr", "marquee"}


def inherited(declared: dict[str, Any], parent: Box) -> dict[str, Any]:
    """What boxes do not inherit but where they are told to (CSS Cascading 5, section 7.3.2)."""
    told = [name for name, value in declared.items() if value == "inherit" and name in BOX_PROPERTIES]
    if not told:
        return declared
    said = {name: parent.declared[name] for name in told if name in parent.declared}
    return {name: value for name, value in declared.items() if name not in told} | said
