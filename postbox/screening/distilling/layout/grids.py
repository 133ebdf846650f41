"""Flex and grid containers, approximately.

Decides how their children share the room. It never decides what is seen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from postbox.screening.distilling.css_lengths import length
from postbox.screening.distilling.layout.boxes import Box, Run, shift
from postbox.screening.distilling.layout.widths import outer

if TYPE_CHECKING:
    from postbox.screening.distilling.layout.flow import Flow

_TRACK = re.compile(r"minmax\([^()]{0,60}\)|[^\s()]+").findall
_REPEAT = re.compile(r"repeat\(\s*(\d{1,2})\s*,([^()]{1,100})\)").sub


def in_flow(flow: Flow, box: Box, x: float, y: float) -> list[Box]:
    """The children to place; those out of the flow wait, and text is wrapped up as a box of its own."""
    found = []
    for index, child in enumerate(box.children):
        if isinstance(child, Run):
            if not child.words:
                continue
            wrapped = Box(box.style, "block", {}, box, None, [child])
            box.children[index] = wrapped
            found.append(wrapped)
        elif child.out_of_flow:
            child.x, child.y = x, y
            flow.waiting.append(child)
        else:
            found.append(child)
    return found


def flex(flow: Flow, box: Box, x: float, y: float, width: float) -> float:
    """A row that shares the width, or a column of blocks."""
    children = in_flow(flow, box, x, y)
    if str(box.declared.get("flex-direction", "row")).startswith("column"):
        return _column(flow, box, children, x, y, width)
    wanted, shrinkable, growing = [], [], []
    for child in children:
        basis = child.pixels("flex-basis", width)
        declared = child.pixels("width", width) if basis is None else basis
        least = child.pixels("min-width", width) or 0.0
        wanted.append(max(least, declared if declared is not None else outer(child)))
        shrinkable.append(0.0 if least else _number(child, "flex-shrink", 1.0))
        growing.append(_number(child, "flex-grow", 0.0))
    gap, edge = box.pixels("column-gap", width) or 0.0, x + width
    width -= gap * max(0, len(children) - 1)
    total = sum(wanted)
    if total > width and box.declared.get("flex-wrap", "nowrap") == "nowrap":
        give = sum(want for want, shrink in zip(wanted, shrinkable, strict=True) if shrink)
        over = min(total - width, give)
        wanted = [
            w - (over * w / give if shrink and give else 0.0) for w, shrink in zip(wanted, shrinkable, strict=True)
        ]
    elif sum(growing):
        wanted = [w + (width - total) * g / sum(growing) for w, g in zip(wanted, growing, strict=True)]
    at, bottom, line = x, y, y
    if width > sum(wanted) or len(children) == 1:
        at += (width - sum(wanted)) * _before(box)
    for child, wide in zip(children, wanted, strict=True):
        if at > x and at + wide > edge + 1 and box.declared.get("flex-wrap", "nowrap") != "nowrap":
            at, line = x, bottom + (box.pixels("row-gap", 0.0) or 0.0)
        flow.block(child, at, line + child.margin.top, wide, wide)
        at += wide + gap
        bottom = max(bottom, child.y + child.height)
    high = box.pixels("height", 0.0)
    if high is not None and box.declared.get("flex-wrap", "nowrap") == "nowrap":
        _stretch(box, high)
    return bottom


def _before(box: Box) -> float:
    """How much of a row's free room lies before its first child."""
    return _SHARES.get(str(box.declared.get("justify-content")), 0.0)


_SHARES = {"center": 0.5, "flex-end": 1.0, "end": 1.0, "right": 1.0}


def _column(flow: Flow, box: Box, children: list[Box], x: float, y: float, width: float) -> float:
    """Children below each other; those that cut what they hold give way where the height is said."""
    heights: list[float] = []
    for child in children:
        flow.block(child, x, y + child.margin.top, width)
        basis = child.pixels("flex-basis", 0.0)
        heights.append(child.height if basis is None else max(basis, 0.0 if child.clips else child.height))
    high, gap = box.pixels("height", 0.0), box.pixels("row-gap", 0.0) or 0.0
    if high is not None:
        over = sum(heights) + gap * max(0, len(children) - 1) - high
        grows = [_number(child, "flex-grow", 0.0) for child in children]
        gives: list[float] = [
            height if child.clips and _number(child, "flex-shrink", 1.0) else 0.0
            for child, height in zip(children, heights, strict=True)
        ]
        given, grown = sum(gives), sum(grows)
        if over > 0 and given:
            heights = [h - min(h, over * give / given) for h, give in zip(heights, gives, strict=True)]
        elif over < 0 and grown:
            heights = [h - over * grow / grown for h, grow in zip(heights, grows, strict=True)]
        y += (high - sum(heights) - gap * max(0, len(children) - 1)) * _before(box)
    for child, height in zip(children, heights, strict=True):
        shift(child, 0.0, y + child.margin.top - child.y)
        child.height = height
        y = child.y + height + child.margin.bottom + gap
    return y - (gap if children else 0.0)


def _number(box: Box, name: str, usual: float) -> float:
    value = box.declared.get(name, usual)
    return value if isinstance(value, float) else usual


def _tracks(text: object, room: float) -> list[float | None]:
    """Track sizes in pixels; None for one that its content decides, fractions share what is left."""
    if not isinstance(text, str):
        return []
    text = _REPEAT(lambda match: (match[2] + " ") * int(match[1]), text)
    tracks: list[float | None] = []
    fractions: list[tuple[int, float]] = []
    for word in _TRACK(text)[:40]:
        if word.endswith("fr"):
            size = length(word[:-2])
            fractions.append((len(tracks), size.pixels if size else 1.0))
        found = length(word[7:-1].rpartition(",")[2].strip() if word.startswith("minmax(") else word)
        tracks.append(found.resolve(16.0, room) if found else None)
    left = max(0.0, room - sum(track or 0.0 for track in tracks))
    shares = sum(share for _, share in fractions)
    for index, share in fractions:
        tracks[index] = left * share / shares if shares else 0.0
    return tracks


def _rows_of(box: Box) -> list[float | None]:
    """Heights of rows; a fraction of no height that is said is as high as what stands in it."""
    text = box.declared.get("grid-template-rows")
    high = box.pixels("height", 0.0)
    if isinstance(text, str) and "fr" in text and high is None:
        text = _SOME_FRACTION("auto", text)
    return _tracks(text, high or 0.0)


_SOME_FRACTION = re.compile(r"(?<![\d.])\d*\.?\d*[1-9]\d*fr").sub


def grid(flow: Flow, box: Box, x: float, y: float, width: float) -> float:
    """Items in order over the columns; items told to share an area lie on each other."""
    said, across = box.declared.get("grid-template-columns"), box.pixels("column-gap", width) or 0.0
    room = width - across * (len(_tracks(said, width)) - 1) if across else width
    columns = [track or 0.0 for track in _tracks(said, room)] or [width]
    gap = box.pixels("row-gap", 0.0) or 0.0
    rows = _rows_of(box)
    every = _tracks(box.declared.get("grid-auto-rows"), 0.0)
    areas: dict[str, tuple[int, int]] = {}
    at, tops, bottoms = 0, [y], [y]
    for child in in_flow(flow, box, x, y):
        area = str(child.declared.get("grid-area") or child.declared.get("grid-row") or "")
        place = areas.get(area) if area else None
        if place is None:
            place = divmod(at, len(columns))
            at += 1
            if area:
                areas[area] = place
        row, column = place
        while len(tops) <= row:
            tops.append(bottoms[-1] + gap)
            bottoms.append(bottoms[-1] + gap)
        flow.block(child, x + sum(columns[:column]) + across * column, tops[row], columns[column], columns[column])
        fixed = rows[row] if row < len(rows) else every[(row - len(rows)) % len(every)] if every else None
        if fixed is not None:
            child.height = fixed
        bottoms[row] = max(bottoms[row], tops[row] + (child.height if fixed is None else fixed))
    high = box.pixels("height", 0.0)
    if high is not None and len(bottoms) == 1 and not rows and not every:
        _stretch(box, high)
    down = ((high or 0.0) - bottoms[-1] + y) * _SHARES.get(str(box.declared.get("align-content")), 0.0)
    for one in box.children if high is not None and down else ():
        if isinstance(one, Box) and not one.out_of_flow:
            shift(one, 0.0, down)
    return bottoms[-1]


def _stretch(box: Box, high: float) -> None:
    """Children that cut what they hold are as high as the row; others are moved where they are aligned."""
    how = str(box.declared.get("align-items", "normal"))
    share = _SHARES.get(how, 0.0)
    for child in box.children:
        if not isinstance(child, Box) or child.out_of_flow:
            continue
        if share:
            shift(child, 0.0, (high - child.height) * share)
        elif how in {"normal", "stretch"} and "height" not in child.declared and child.clips:
            child.height = min(child.height, high)
