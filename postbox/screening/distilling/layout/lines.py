"""Lines of words and the blocks between them, inside one box.

Decides where each word, atom, float and block child of a box stands. It never decides what is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from postbox.screening.distilling.computed import Style
from postbox.screening.distilling.css_lengths import Length
from postbox.screening.distilling.layout.aligning import Line, line_height, line_share
from postbox.screening.distilling.layout.attributes import in_drawing
from postbox.screening.distilling.layout.boxes import Box, Run, shift
from postbox.screening.distilling.layout.metrics import SPACE, advance

if TYPE_CHECKING:
    from postbox.screening.distilling.layout.flow import Flow


class Lines:
    """The state of filling one box from the top."""

    def __init__(self, flow: Flow, box: Box, x: float, y: float, width: float) -> None:
        self.flow, self.box = flow, box
        self.left, self.right = x, x + width
        self.y = self.start = y
        self.x = x
        self.margin = 0.0
        self.space = False
        self.floats: list[tuple[float, float, bool]] = []
        """Where each float ends downwards and inwards, and whether it is a left one."""
        self.wraps = box.style.white_space not in {"nowrap", "pre"}
        self.spacing = box.spacing
        self.share = line_share(box)
        self.line = Line()
        self.raised = 0.0
        """How far above the baseline the inline box at hand stands."""
        indent = box.style.indent if not box.inline else None
        pushed = indent.resolve(box.style.font, width) if indent is not None else 0.0
        self.turned = pushed if box.style.direction == "rtl" else 0.0
        self.x += pushed - self.turned
        self.fresh = True

    def fill(self, children: list[Box | Run], inside: Box) -> None:
        """Places children; inline boxes are entered, everything else is placed as a whole."""
        for child in children:
            if isinstance(child, Run):
                self._run(child, inside)
            elif child.out_of_flow:
                child.x, child.y = self.x if not self.fresh else self.left, self.y + self.margin
                self.flow.waiting.append(child)
            elif child.element is not None and child.element.tag == "br":
                self._break(inside)
            elif child.inline:
                self._inline(child)
            elif child.floating:
                self._float(child)
            elif child.display.startswith("inline"):
                self._atom(child)
            else:
                self._block(child)

    def end(self) -> float:
        """Where the content ends; a clipping box also contains its floats and its last margin."""
        self._finish()
        holds = self.box.clips or self.box.floating or self.box.out_of_flow or self.box.display != "block"
        ends_with_edge = self.box.padding.bottom or self.box.border.bottom or holds
        if ends_with_edge:
            self.y += self.margin
        else:
            self.box.below = self.margin
        if holds:
            self.y = max([self.y, *(bottom for bottom, _, _ in self.floats)])
        return self.y

    def _bounds(self) -> tuple[float, float]:
        left, right = self.left, self.right
        if not self.floats:
            return left, right
        for bottom, inward, is_left in self.floats:
            if bottom > self.y + 1:
                left, right = (max(left, inward), right) if is_left else (left, min(right, inward))
        return left, right

    def _finish(self) -> None:
        """Ends the line at hand."""
        high = 0.0 if self.fresh else self.line.height
        room = (self._bounds()[1] - self.turned - self.x) * self.share if self.share else 0.0
        self.line.settle(max(0.0, room))
        self.y, self.turned = self.y + high, 0.0
        self.x, self.fresh, self.space = self._bounds()[0], True, False

    def _break(self, inside: Box) -> None:
        self._settle_margin()
        if self.fresh:  # what stands before a break in its line is as high as the break
            self.line.strut(line_height(inside, inside.style.font), inside.style.font)
        self.fresh = False
        self._finish()

    def _settle_margin(self) -> None:
        if self.margin:
            self.y += self.margin
            self.margin = 0.0

    def _pass_floats(self, width: float) -> None:
        """A line begins below the floats beside which its first word has no room (CSS 2.2, section 9.5)."""
        while self.floats:
            left, right = self._bounds()
            ends = [bottom for bottom, _, _ in self.floats if bottom > self.y + 1]
            if not ends or width <= right - left + 0.5:
                return
            self.y = min(ends)
            self.x = self._bounds()[0]

    def _next(self, width: float, style: Style) -> tuple[float, float]:
        """Where a word or an atom of this width begins."""
        self.flow.step()
        if self.fresh:
            self._settle_margin()
            self._pass_floats(width)
            if self.y != self.start or self.x < self._bounds()[0] and not self.box.style.indent:
                self.x = max(self.x, self._bounds()[0])
        gap = SPACE * style.font + self.spacing if self.space and not self.fresh else 0.0
        if self.wraps and not self.fresh and self.x + gap + width > self._bounds()[1] + 0.5:
            self._finish()
            self._pass_floats(width)
            gap = 0.0
            at: Box | None = self.box
            while at is not None and not at.wrapped:
                at.wrapped, at = True, at.parent
        place = (self.x + gap, self.y)
        self.x += gap + width
        self.fresh = self.space = False
        return place

    def _run(self, run: Run, inside: Box) -> None:
        font = run.style.font
        high = line_height(inside, font)
        if run.preformatted:
            for piece in run.words:
                if piece == "\n":
                    run.places.append((self.x, self.y, 0.0, 0.0))
                    self._break(inside)
                else:
                    wide = advance(piece) * font if not piece.isspace() else 2 * SPACE * font * len(piece)
                    x, y = self._next(wide, run.style)
                    run.places.append((x, y + (high - font) / 2, wide, font))
                    self.line.word(run, len(run.places) - 1, high, self.raised)
            return
        if run.leading:
            self.space = True
        for index, word in enumerate(run.words):
            if index:
                self.space = True
            width = advance(word) * font
            x, y = self._next(width, run.style)
            run.places.append((x, y + (high - font) / 2, width, font))
            self.line.word(run, index, high, self.raised)
        if run.trailing:
            self.space = True

    def _inline(self, box: Box) -> None:
        before = box.margin.left + box.border.left + box.padding.left
        self.x += before
        if before:
            self.fresh = False
        box.x, box.y = self.x, self.y + self.margin
        wraps, self.wraps = self.wraps, box.style.white_space not in {"nowrap", "pre"}
        said, raised = box.declared.get("vertical-align"), self.raised
        if isinstance(said, Length):
            self.raised += said.resolve(box.style.font, line_height(box, box.style.font))
        self.fill(box.children, box)
        self.wraps, self.raised = wraps, raised
        box.width, box.height = max(0.0, self.x - box.x), max(0.0, self.y + self.line.height - box.y)
        self.x += box.margin.right + box.border.right + box.padding.right
        if box.element is not None and box.element.tag == "text":
            shift(box, *in_drawing(box.element, box.style.font))
        self.flow._shift_relative(box)

    def _atom(self, box: Box) -> None:
        room = max(0.0, self.right - self.left)
        self.flow.block(box, 0.0, 0.0, room)
        over = box.margin.top
        wide = box.width + box.margin.left + box.margin.right
        x, y = self._next(wide, box.style)
        shift(box, x, y + over)
        self.line.atom(box, box.height + over + box.margin.bottom, self.raised)

    def _float(self, box: Box) -> None:
        if self.fresh:
            self._settle_margin()
        left, right = self._bounds()
        self.flow.block(box, left, self.y + box.margin.top, self.right - self.left)
        wide = box.width + box.margin.left + box.margin.right
        on_left = box.declared.get("float") == "left"
        while wide > right - left + 0.5 and (left > self.left or right < self.right):
            down = min(bottom for bottom, _, _ in self.floats if bottom > self.y + 1) - self.y
            self.y += down
            shift(box, 0.0, down)
            left, right = self._bounds()
        shift(box, left - box.x + box.margin.left if on_left else right - wide - box.x, 0.0)
        self.floats.append((box.y + box.height, left + wide if on_left else right - wide, on_left))
        if self.fresh and on_left:
            self.x = self._bounds()[0]

    def _block(self, box: Box) -> None:
        self._finish()
        over = leading_margin(box)
        first = self.y == self.start and collapses_at_top(self.box)
        gap = 0.0 if first else _collapsed(self.margin, over)
        y = self.y + gap
        if box.declared.get("clear", "none") != "none":
            y = max([y, *(bottom for bottom, _, _ in self.floats)])
        room = self.right - self.left
        self.flow.block(box, self.left, y, room)
        self.x = self.left
        after = _collapsed(box.margin.bottom, box.below)
        if not box.height and not first and y == self.y + gap and collapses_at_top(box):
            self.margin = _collapsed(gap, after)  # of an empty block the margins adjoin each other too
            return
        self.y = y + box.height
        self.margin = after


def _collapsed(one: float, other: float) -> float:
    """Adjoining margins (CSS 2.2, 8.3.1)."""
    return max(one, other, 0.0) + min(one, other, 0.0)


def collapses_at_top(box: Box) -> bool:
    """Whether the margin of the first child sticks out of the box."""
    return (
        box.display in {"block", "list-item"} and not box.clips and not box.out_of_flow and not box.floating
        and not box.padding.top and not box.border.top and box.parent is not None
    )  # fmt: skip


def leading_margin(box: Box) -> float:
    """The top margin of a box collapsed with that of its first child, and so on."""
    over = box.margin.top
    at = box
    for _ in range(20):
        if not collapses_at_top(at):
            break
        first = next((one for one in at.children if not _no_matter(one)), None)
        if (
            not isinstance(first, Box)
            or first.inline
            or first.out_of_flow
            or first.floating
            or first.display[:6] == "inline"
        ):
            break
        over = _collapsed(over, first.margin.top)
        at = first
    return over


def _no_matter(one: Box | Run) -> bool:
    """Whether a child stands in no line and has no margin of its own here."""
    return not one.words if isinstance(one, Run) else one.out_of_flow
