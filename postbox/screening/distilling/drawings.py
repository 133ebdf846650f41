"""SVG, MathML and columns of tables: what in them keeps other elements from being painted.

Decides from attributes, without geometry but for rectangles: a later shape counts as covering an earlier text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from postbox.screening.distilling.css_lengths import length
from postbox.screening.distilling.tree import COMMENT, Element

_SHAPES = frozenset({"rect", "circle", "ellipse", "path", "polygon", "polyline", "line"})
_PLAIN = {
    "rect": ("x", "y", "width", "height"), "circle": ("cx", "cy", "r", "r"), "ellipse": ("cx", "cy", "rx", "ry"),
}  # fmt: skip
_MOST = 200
_UNPAINTED = re.compile(r"(?:^|;)\s*(?:fill|opacity|fill-opacity)\s*:\s*(?:none|transparent|0)\b").search


def covered_texts(svg: Element) -> set[Element]:
    """The texts of a drawing over which a shape is painted."""
    waiting: list[Element] = []
    found: set[Element] = set()
    for element in svg.iter("text", *_SHAPES):
        if element.tag == "text":
            if len(waiting) == _MOST:
                found.add(element)
            else:
                waiting.append(element)
        elif waiting and _paints(element):
            under = [text for text in waiting if _over(element, text)]
            found.update(under)
            waiting = [text for text in waiting if text not in found]
    return found


def _paints(shape: Element) -> bool:
    if shape.tag == "line" or "stroke" in shape.attrib:
        return True
    fill, style = shape.get("fill", "").strip().lower(), (shape.get("style") or "").lower()
    faint = any((shape.get(name) or "1").strip() in {"0", "0%"} for name in ("opacity", "fill-opacity"))
    return fill not in {"none", "transparent"} and not faint and not _UNPAINTED(style)


def _over(shape: Element, text: Element) -> bool:
    """Whether a shape may lie over the start of a text; only of plain rectangles and circles can it be known."""
    if shape.tag not in _PLAIN or not {"style", "transform", "stroke"}.isdisjoint(shape.attrib):
        return True
    sizes = [length((shape.get(name) or "0").strip()) for name in _PLAIN[shape.tag]]
    places = [length((text.get(name) or "0").strip()) for name in ("x", "y")]
    if not all(size is not None and not size.share for size in (*sizes, *places)):
        return True
    x, y, width, height = (size.pixels for size in sizes if size)
    if shape.tag != "rect":
        x, y, width, height = x - width, y - height, 2 * width, 2 * height
    across, down = (place.pixels for place in places if place)
    return x - 300 < across < x + width and y - 2 < down < y + height + 12


def other_actions(element: Element) -> list[Element]:
    """What a MathML ``maction`` does not show: all but its first child."""
    return [child for child in element.children if child.tag != COMMENT][1:]


def textless(math: Element) -> Iterator[Element]:
    """What of a formula is not painted: elements with text that is not in one made for it, and all but the first child
    of ``semantics``."""
    stack = [math]
    while stack:
        element = stack.pop()
        others = other_actions(element) if element.tag == "semantics" else []
        yield from others
        for child in element.children:
            if child.tag in _TEXTS or child.tag == COMMENT or child in others:
                continue
            if child.tag in _CONTROLS or any(text and not text.isspace() for text in _own_texts(child)):
                yield child
            else:
                stack.append(child)


_TEXTS = frozenset({"mi", "mn", "mo", "ms", "mtd", "mtext", "math", "svg", "annotation", "annotation-xml"})
_CONTROLS = frozenset({"input", "object", "select", "textarea"})


def _own_texts(element: Element) -> Iterator[str | None]:
    yield element.text
    for child in element.children:
        yield child.tail


def collapsed_rows(column: Element) -> list[Element]:
    """The rows of a table in which a column is collapsed; they are all left out, since cells may span columns."""
    table = next(column.iterancestors("table"), None)
    return [part for part in table.children if part.tag in _ROWS] if table is not None else []


_ROWS = frozenset({"tr", "tbody", "thead", "tfoot"})
