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
    return max(most, line)


def run_width(run: Run) -> float:
    """The width of a text on one line, or of the widest of its own lines."""
    font = run.style.font
    if run.preformatted:
        return max((advance(line) for line in "".join(run.words).split("\n")), default=0.0) * font
    spaces = max(0, len(run.words) - 1) + run.leading + run.trailing
    return (sum(map(advance, run.words)) + SPACE * spaces) * font
