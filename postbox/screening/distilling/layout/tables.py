"""Tables: rows, columns and cells (CSS 2.2, section 17), approximately.

Decides how cells share the room. It never decides what is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from postbox.screening.distilling.css_lengths import Length
from postbox.screening.distilling.layout.aligning import cell_share
from postbox.screening.distilling.layout.boxes import Box, shift
from postbox.screening.distilling.layout.grids import in_flow
from postbox.screening.distilling.layout.widths import least, outer, spacing

if TYPE_CHECKING:
    from postbox.screening.distilling.layout.flow import Flow


def table(flow: Flow, box: Box, x: float, y: float, width: float) -> float:
    """Rows of cells; whatever else stands in a table is a block above."""
    rows: list[Box] = []
    _rows(flow, box, x, y, rows, 0)
    across, down = spacing(box)
    widths = _columns(rows, width, across, _is_fixed(box))
    top, y = y, y + down
    for row in rows:
        if row.display != "table-row":
            flow.block(row, x, y, width)
            y += row.height
            continue
        cells = in_flow(flow, row, x, y)
        at, place, high = 0, x + across, 0.0
        for cell in cells:
            span = _span(cell)
            wide = sum(widths[at : at + span]) + across * (span - 1)
            flow.block(cell, place, y, wide, wide)
            high = max(high, cell.height)
            at, place = at + span, place + wide + across
        high = max(high, row.pixels("height", 0.0) or 0.0)
        row.x, row.y, row.width, row.height = x, y, sum(widths) + across * (len(widths) + 1), high
        y += high + down
    return y + _settle(rows, (box.pixels("height", 0.0) or 0.0) - (y - top))


def _settle(rows: list[Box], free: float) -> float:
    """Shares what a table is higher than its rows among them, and aligns in their rows what stands in cells.

    CSS 2.2, section 17.5.3. Returns by how much the rows have grown.
    """
    tall = sum(row.height for row in rows)
    grows, down = free / tall if free > 0 and tall else 0.0, 0.0
    for row in rows:
        more = row.height * grows
        if down:
            shift(row, 0.0, down)
        if row.display == "table-row":
            row.height += more
            for cell in row.children:
                if isinstance(cell, Box) and not cell.out_of_flow:
                    over = (row.height - cell.natural) * cell_share(cell)
                    if over > 0:
                        shift(cell, 0.0, over)
                        cell.y -= over
                    cell.height = row.height
        down += more
    return down


def _rows(flow: Flow, box: Box, x: float, y: float, rows: list[Box], depth: int) -> None:
    for child in in_flow(flow, box, x, y):
        if child.display in {"table-row-group", "table-header-group", "table-footer-group"} and depth < 3:
            child.x, child.y = x, y
            _rows(flow, child, x, y, rows, depth + 1)
        elif not child.display.startswith("table-column"):
            rows.append(child)


def _span(cell: Box) -> int:
    value = cell.element.get("colspan", "1") if cell.element is not None else "1"
    return max(1, min(50, int(value))) if value.isascii() and value.isdigit() and len(value) < 4 else 1


def _columns(rows: list[Box], width: float, spaces: float, is_fixed: bool) -> list[float]:
    """Widths of columns: as declared, else in proportion to what the cells would like, and never less than they need
    unless the layout is fixed."""
    wanted: list[float] = []
    fixed: dict[int, float] = {}
    for row in rows[:200]:
        at = 0
        for cell in row.children if row.display == "table-row" else ():
            if not isinstance(cell, Box) or cell.out_of_flow:
                continue
            span = _span(cell)
            wanted += [0.0] * (at + span - len(wanted))
            declared = cell.declared.get("width")
            if span == 1:
                if isinstance(declared, Length) and at not in fixed:
                    fixed[at] = declared.resolve(cell.style.font, width)
                if at in fixed and not is_fixed and fixed[at] < _WIDE_ENOUGH:
                    fixed[at] = max(fixed[at], least(cell))
                wanted[at] = max(wanted[at], outer(cell))
            at += span
    if not wanted:
        return []
    width -= spaces * (len(wanted) + 1)
    left = max(0.0, width - sum(fixed.values()))
    free = sum(want for index, want in enumerate(wanted) if index not in fixed)
    if not free:
        scale = width / (sum(fixed.values()) or 1.0)
        even = left / max(1, len(wanted) - len(fixed))
        return [fixed.get(i, even) * (scale if len(fixed) == len(wanted) else 1.0) for i in range(len(wanted))]
    return [fixed.get(index, want * left / free) for index, want in enumerate(wanted)]


_WIDE_ENOUGH = 200.0
"""Pixels in which nearly every word has room."""


def _is_fixed(table: Box) -> bool:
    """Whether only declared widths count (CSS 2.2, section 17.5.2.1)."""
    return table.declared.get("table-layout") == "fixed" and isinstance(table.declared.get("width"), Length)
