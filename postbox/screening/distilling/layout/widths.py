"""How wide a box would like to be.

Decides preferred widths, remembered on each box, without placing anything.
"""

from __future__ import annotations

from postbox.screening.distilling.css_lengths import VIEWPORT_WIDTH, Length
from postbox.screening.distilling.layout.boxes import Box, Run
from postbox.screening.distilling.layout.metrics import SPACE, advance


def fitting(box: Box) -> float:
    """The width of the content on as few lines as its breaks allow."""
    if box.preferred < 0:
        box.preferred = _row(box) if box.display == "table-row" else _stack(box)
    return box.preferred


def least(box: Box) -> float:
    """The width of the content on as many lines as its breaks allow (CSS 2.2, section 17.5.2.2)."""
    if box.narrowest < 0:
        box.narrowest = _least(box)
    return box.narrowest


def _least(box: Box) -> float:
    most = line = 0.0
    adds_up = box.display == "table-row" or box.style.white_space in {"nowrap", "pre"}
    for child in box.children:
        if isinstance(child, Run):
            wide = run_width(child) if adds_up or child.preformatted else max(map(advance, child.words), default=0.0)
            wide *= 1.0 if adds_up or child.preformatted else child.style.font
        elif child.out_of_flow or contained(child):
            continue
        else:
            declared, widest = child.declared.get("width"), child.declared.get("max-width")
            wide = least(child)
            if isinstance(declared, Length) and not declared.share and not child.inline:
                said = declared.resolve(child.style.font, VIEWPORT_WIDTH)
                wide = max(wide, said) if child.display in {"table", "table-cell"} else said
            if isinstance(widest, Length) and not widest.share and not child.inline:
                wide = min(wide, widest.resolve(child.style.font, VIEWPORT_WIDTH))
            wide += _around(child)
        line = line + wide if adds_up else wide
        most = max(most, line)
    return most


def outer(box: Box) -> float:
    """The preferred width with padding, border and margin."""
    width = box.declared.get("width")
    around = _around(box)
    if isinstance(width, Length) and not width.share:
        return width.resolve(box.style.font, VIEWPORT_WIDTH) + around
    widest = box.declared.get("max-width")
    inner = 0.0 if contained(box) else fitting(box)
    if isinstance(widest, Length) and not widest.share:
        inner = min(inner, widest.resolve(box.style.font, VIEWPORT_WIDTH))
    return inner + around


def _around(box: Box) -> float:
    """Margin, padding and border on both sides."""
    margin, padding, border = box.margin, box.padding, box.border
    return margin.left + margin.right + padding.left + padding.right + border.left + border.right


def spacing(table: Box) -> tuple[float, float]:
    """What lies between cells, across and down (CSS 2.2, section 17.6.1)."""
    usual = 2.0 if table.element is not None and table.element.tag == "table" else 0.0
    if table.declared.get("border-collapse") == "collapse":
        return 0.0, 0.0
    across, down = table.pixels("-spacing-x", 0.0), table.pixels("-spacing-y", 0.0)
    return usual if across is None else across, usual if down is None else down


def contained(box: Box) -> bool:
    """Whether a box is as wide as if it were empty."""
    if "contain" not in box.declared:
        return "container-type" in box.declared
    said = str(box.declared["contain"]).split()
    return "container-type" in box.declared or not {"inline-size", "size", "strict"}.isdisjoint(said)


def _row(box: Box) -> float:
    return sum(outer(child) for child in box.children if isinstance(child, Box) and not child.out_of_flow)


def _stack(box: Box) -> float:
    """Inline pieces add up, blocks and breaks begin anew."""
    most = line = 0.0
    side_by_side = box.display in {"flex", "inline-flex"} and box.declared.get("flex-direction", "row")[:3] == "row"
    spaces = spacing(box)[0] if box.display == "table" else 0.0
    for child in box.children:
        if isinstance(child, Run):
            line += run_width(child)
        elif child.out_of_flow:
            continue
        elif child.element is not None and child.element.tag == "br":
            most, line = max(most, line), 0.0
        elif child.inline or child.floating or side_by_side or child.display.startswith("inline"):
            line += outer(child)
        else:
            most, line = max(most, line, outer(child)), 0.0
    most = max(most, line)
    return most + spaces * (1 + max(map(_cells, box.children), default=0)) if spaces else most


def _cells(one: Box | Run, depth: int = 0) -> int:
    """How many cells stand beside each other in a row, or in rows of a group."""
    if isinstance(one, Run) or depth > 1:
        return 0
    if one.display == "table-row":
        return len(one.children)
    return max((_cells(child, depth + 1) for child in one.children), default=0) if "group" in one.display else 0


def run_width(run: Run) -> float:
    """The width of a text on one line, or of the widest of its own lines."""
    font = run.style.font
    if run.preformatted:
        return max((advance(line) for line in "".join(run.words).split("\n")), default=0.0) * font
    spaces = max(0, len(run.words) - 1) + run.leading + run.trailing
    return (sum(map(advance, run.words)) + SPACE * spaces) * font
