"""How high a line is and where in it and in its box things stand: baselines, alignment across and down.

Decides shares and shifts. It never places a word itself: ``lines`` and ``grids`` do.
"""

from __future__ import annotations

from postbox.screening.distilling.css_lengths import Length
from postbox.screening.distilling.layout.boxes import Box, Run, shift
from postbox.screening.distilling.layout.metrics import LINE

ASCENT = 0.8
"""How much of a font size lies above the baseline."""
_NOTHING = -1e9


def line_height(box: Box, font: float) -> float:
    """The height of a line of this box."""
    at = box.spaced
    value = at.declared["line-height"] if at is not None else "normal"
    if at is None or not isinstance(value, Length):
        return LINE * font
    return value.pixels * font if value.bare else value.resolve(at.style.font, at.style.font)


def line_share(box: Box) -> float:
    """How much of a line's free room lies before it."""
    at: Box | None = box
    while at is not None:
        value = at.declared.get("text-align")
        if value is None and at.element is not None:
            value = "center" if at.element.tag == "center" else (at.element.get("align") or "").lower() or None
            if value and at.element.tag in {"table", "img", "hr", "input", "iframe"}:
                value = None
        if value in _SHARES:
            return _SHARES[value]
        if at.display == "table":
            break
        at = at.parent
    return 1.0 if box.style.direction == "rtl" else 0.0


_SHARES = {
    "left": 0.0, "start": 0.0, "justify": 0.0, "-webkit-left": 0.0, "center": 0.5, "middle": 0.5,
    "-webkit-center": 0.5, "right": 1.0, "end": 1.0, "-webkit-right": 1.0,
}  # fmt: skip


def block_share(box: Box) -> float:
    """How much of the free room lies before a block, as ``center`` and ``align`` have it (HTML, section 15.3.2)."""
    at = box.parent
    while at is not None and at.display != "table":
        value = at.declared.get("text-align")
        if value is not None:
            return _SHARES[value] if value[:8] == "-webkit-" else 0.0
        if at.element is not None and at.element.tag == "center":
            return 0.5
        if at.element is not None and at.element.tag in _ALIGNING and (said := at.element.get("align")):
            return _SHARES.get(said.lower(), 0.0)
        at = at.parent
    return 0.0


_ALIGNING = frozenset({"div", "td", "th", "tr", "tbody", "p"})


def cell_share(cell: Box) -> float:
    """How much of a cell's free room lies above what stands in it.

    Elements of tables have the alignment of the row, of its group, or else the middle (HTML, section 15.3.10).
    """
    at: Box | None = cell
    while at is not None and at.display[:5] == "table" and at.display != "table":
        if (said := at.declared.get("vertical-align")) is not None:
            return _DOWN.get(said, 0.0)
        at = at.parent
    is_cell = cell.display == "table-cell" and cell.element is not None and cell.element.tag in {"td", "th"}
    return 0.5 if is_cell else 0.0


_DOWN = {"middle": 0.5, "bottom": 1.0}


class Line:
    """What stands in one line, and how far it reaches over and under the baseline (CSS 2.2, section 10.8)."""

    __slots__ = ("_bottoms", "_over", "_placed", "_tops", "_under")

    def __init__(self) -> None:
        self._placed: list[tuple[Box | Run, int, float | None]] = []
        """Things, the numbers of words in them, and how far each reaches over the baseline."""
        self._over = self._under = _NOTHING
        self._tops = self._bottoms = 0.0

    @property
    def height(self) -> float:
        own = max(0.0, self._over + self._under) if self._over > _NOTHING else 0.0
        return max(own, self._tops, self._bottoms)

    def strut(self, height: float, font: float) -> None:
        """Room for a line that may hold no word."""
        self._reach((height - font) / 2 + ASCENT * font, height)

    def word(self, run: Run, index: int, height: float, raised: float) -> None:
        """A word of a run in a line of this height, raised by so many pixels."""
        font = run.style.font
        over = (height - font) / 2 + ASCENT * font + raised
        self._reach(over, height)
        self._placed.append((run, index, over))

    def atom(self, box: Box, height: float, raised: float) -> None:
        """A box that stands in the line like a word, with its margins so high."""
        said = box.declared.get("vertical-align", "baseline")
        if said in {"top", "text-top"}:
            self._tops = max(self._tops, height)
            self._placed.append((box, 0, None))
            return
        if said in {"bottom", "text-bottom"}:
            self._bottoms = max(self._bottoms, height)
            self._placed.append((box, 0, -height))
            return
        if said == "middle":
            over = height / 2 + 0.25 * box.style.font
        else:
            over = _baseline(box, height) + raised
            over += said.resolve(box.style.font, height) if isinstance(said, Length) else 0.0
        self._reach(over, height)
        self._placed.append((box, 0, over))

    def settle(self, room: float) -> None:
        """Puts everything on the baseline and moves it by this across, then begins anew."""
        high = self.height
        over = self._over + max(0.0, self._bottoms - self._over - self._under) if self._over > _NOTHING else 0.0
        for one, index, own in self._placed:
            down = 0.0 if own is None else high + own if own < 0 and isinstance(one, Box) else over - own
            if not room and abs(down) < 0.5:
                continue
            if isinstance(one, Box):
                shift(one, room, down)
            else:
                x, y, wide, tall = one.places[index]
                one.places[index] = (x + room, y + down, wide, tall)
        self._placed = []
        self._over = self._under = _NOTHING
        self._tops = self._bottoms = 0.0

    def _reach(self, over: float, height: float) -> None:
        self._over = max(self._over, over)
        self._under = max(self._under, height - over)


def _baseline(box: Box, height: float) -> float:
    """How far below its top margin edge a box has its baseline: that of its last line, or else its bottom."""
    if box.clips or box.style.control:
        return height if not box.style.control else height - 0.35 * box.style.font
    stack: list[Box | Run] = list(box.children)
    while stack:
        one = stack.pop()
        if isinstance(one, Run):
            if one.places:
                _, y, _, tall = one.places[-1]
                return y + ASCENT * tall - box.y + box.margin.top
        elif not one.out_of_flow and not one.floating:
            stack += one.children
    return height
