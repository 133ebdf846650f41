"""Where boxes and words come to lie: blocks, lines, floats, and boxes taken out of the flow.

Decides places only, approximately. Flex and grid containers are laid out by ``grids``, tables by ``tables``.
"""

from __future__ import annotations

from postbox.screening.distilling.css_lengths import VIEWPORT_HEIGHT, VIEWPORT_WIDTH, Length
from postbox.screening.distilling.layout import grids, tables
from postbox.screening.distilling.layout.aligning import block_share, line_height
from postbox.screening.distilling.layout.boxes import Box, shift
from postbox.screening.distilling.layout.lines import Lines
from postbox.screening.distilling.layout.widths import contained, fitting
from postbox.screening.distilling.limits import Deadline, Overrun


class Flow:
    """One layout of a whole page."""

    def __init__(self, top: Box, deadline: Deadline) -> None:
        self.deadline = deadline
        self.waiting: list[Box] = []
        self._steps = 0
        self.block(top, 0.0, 0.0, VIEWPORT_WIDTH)
        self.top = top
        at = 0
        while at < len(self.waiting):
            self._take_out(self.waiting[at])
            at += 1

    def step(self) -> None:
        """Counts a piece of work; Overrun once the time is over."""
        self._steps += 1
        if not self._steps % 64 and self.deadline.passed():
            raise Overrun

    def block(self, box: Box, x: float, y: float, room: float, width: float | None = None) -> None:
        """Lays out a box whose margin edge may be ``room`` wide; ``y`` is its border's top."""
        self.step()
        left, right = box.margin.left, box.margin.right
        box.x, box.y = x + left, y
        inset = box.padding.left + box.padding.right + box.border.left + box.border.right
        box.width = width if width is not None else self._width(box, room - left - right, room, inset)
        if width is None and box.declared.get("margin-left") == "auto" and box.declared.get("margin-right") == "auto":
            box.x = x + max(0.0, (room - box.width) / 2)
        elif width is None and box.width < room - left - right and (share := block_share(box)):
            box.x += (room - left - right - box.width) * share
        elif box.parent is not None and box.parent.style.direction == "rtl" and width is None:
            box.x = x + room - right - box.width
        inner_x = box.x + box.padding.left + box.border.left
        inner_y = y + box.padding.top + box.border.top
        bottom = self.contents(box, inner_x, inner_y, max(0.0, box.width - inset))
        ends = box.padding.bottom + box.border.bottom
        natural = bottom + ends - y
        if box.declared.get("container-type") == "size":
            natural = ends + inner_y - y
        if box.style.control and box.element is not None and box.element.get("type", "text") not in _WITHOUT_LINE:
            natural = max(natural, inner_y - y + ends + line_height(box, box.style.font))
        box.natural = natural
        box.height = self._height(box, natural, inner_y - y + ends)
        if box.style.control and box.height > natural and box.declared.get("white-space") != "pre":
            shift(box, 0.0, (box.height - natural) / 2)  # what controls of one line hold stands in their middle
            box.y = y
        self._shift_relative(box)

    def _width(self, box: Box, auto: float, room: float, inset: float) -> float:
        found = box.pixels("width", room)
        extra = 0.0 if box.declared.get("box-sizing") == "border-box" or box.display.startswith("table") else inset
        if found is None:
            shrinks = box.floating or box.out_of_flow or box.display in {"table", "inline-block", "inline-table"}
            shrinks = shrinks or box.display.startswith("inline")
            found, extra = (min((0.0 if contained(box) else fitting(box)) + inset, auto) if shrinks else auto), 0.0
            if box.style.control:
                found = fitting(box) + inset
        low, high = box.pixels("min-width", room), box.pixels("max-width", room)
        if high is not None:
            found = min(found, high)
        return max(found, low or 0.0, 0.0) + extra

    def _height(self, box: Box, natural: float, inset: float) -> float:
        base = box.parent.pixels("height", VIEWPORT_HEIGHT) if box.parent else VIEWPORT_HEIGHT
        sizes = {}
        for name in ("height", "max-height", "min-height"):
            value = box.declared.get(name)
            if isinstance(value, Length) and (not value.share or base is not None):
                sizes[name] = value.resolve(box.style.font, base or 0.0)
        extra = 0.0 if box.declared.get("box-sizing") == "border-box" else inset
        grows = box.display.startswith("table")
        found = natural
        ratio = box.declared.get("aspect-ratio")
        if isinstance(ratio, float) and not box.inline:
            found = max(natural, box.width / ratio)
        if "height" in sizes:
            found = max(natural, sizes["height"]) if grows else sizes["height"] + extra
        clamp = box.declared.get("-webkit-line-clamp")
        if isinstance(clamp, float) and box.clips:
            found = min(found, clamp * line_height(box, box.style.font) + inset)
        if "max-height" in sizes and not grows:
            found = min(found, sizes["max-height"] + extra)
        return max(found, sizes.get("min-height", 0.0), 0.0)

    def contents(self, box: Box, x: float, y: float, width: float) -> float:
        """Lays out what is inside; returns where it ends."""
        if box.display in {"table", "inline-table"}:
            return tables.table(self, box, x, y, width)
        if box.display in {"flex", "inline-flex"}:
            return grids.flex(self, box, x, y, width)
        if box.display in {"grid", "inline-grid"}:
            return grids.grid(self, box, x, y, width)
        lines = Lines(self, box, x, y, width)
        lines.fill(box.children, box)
        return lines.end()

    def _shift_relative(self, box: Box) -> None:
        if box.position not in {"relative", "-webkit-sticky", "sticky"} or box.position != "relative":
            return
        left, top = box.pixels("left", box.width), box.pixels("top", 0.0)
        if left is None:
            left = -(box.pixels("right", box.width) or 0.0)
        if top is None:
            top = -(box.pixels("bottom", 0.0) or 0.0)
        if left or top:
            shift(box, left, top)

    def _take_out(self, box: Box) -> None:
        """Places an absolutely positioned box; ``x`` and ``y`` hold where it would have stood."""
        around = box.parent if box.position == "absolute" else None
        while around is not None and around.position == "static" and "transform" not in around.declared:
            around = around.parent
        if around is None:
            edges = (0.0, 0.0, VIEWPORT_WIDTH, VIEWPORT_HEIGHT)
        else:
            edges = (around.x, around.y, around.width, around.height)
        x, y, wide, high = edges
        left, right = box.pixels("left", wide), box.pixels("right", wide)
        top, bottom = box.pixels("top", high), box.pixels("bottom", high)
        static_x, static_y = box.x, box.y
        width = None
        if box.pixels("width", wide) is None and left is not None and right is not None:
            width = max(0.0, wide - left - right)
        if left is None and right is None:
            left = static_x - x
        at_y = y + (top if top is not None else static_y - y) + box.margin.top
        self.block(box, x + (left or 0.0), at_y, wide, width)
        if left is None and right is not None:
            shift(box, x + wide - right - box.width - box.x - box.margin.right, 0.0)
        share = box.declared.get("height")
        if isinstance(share, Length) and share.share:
            box.height = share.resolve(box.style.font, high)
        elif share is None and top is not None and bottom is not None:
            box.height = max(0.0, high - top - bottom)
        if top is None and bottom is not None:
            shift(box, 0.0, y + high - bottom - box.height - box.y - box.margin.bottom)


_WITHOUT_LINE = frozenset({"hidden", "checkbox", "radio", "image"})
"""Kinds of ``input`` that are not as high as a line, whatever they hold."""
