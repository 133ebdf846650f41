"""Cells and rows outside a table: browsers ignore their tags, and so their attributes.

Decides which they are and takes both from them.
"""

from __future__ import annotations

from lxml.etree import _Element

CELLS = frozenset({"td", "th", "tr", "tbody", "thead", "tfoot", "caption"})
AROUND_CELLS = frozenset({"tr", "tbody", "thead", "tfoot", "table"})


def in_table(element: _Element) -> bool:
    """Whether a table stands anywhere around it."""
    return next(element.iterancestors("table"), None) is not None


def as_plain(element: _Element) -> str:
    """Makes it an element without meaning; its new tag."""
    element.tag = "span"
    element.attrib.clear()
    return "span"
