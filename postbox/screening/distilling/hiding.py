"""Whether an element's own box hides whatever it holds: moved off screen, clipped away, or without room.

Decides from declared values alone, without layout, so each threshold lies well beyond what honest mail uses. It
never looks at text or at colours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from postbox.screening.distilling.css_colours import colour
from postbox.screening.distilling.css_lengths import VIEWPORT_HEIGHT, VIEWPORT_WIDTH, Length, length
from postbox.screening.distilling.reasons import HiddenReason
from postbox.screening.distilling.transforms import (
    FAR_DOWN,
    FAR_MARGIN,
    FAR_RIGHT,
    FAR_UP,
    TINY_SCALE,
    transformed_away,
)
from postbox.screening.distilling.words import words

BOX_PROPERTIES = frozenset(
    words(
        """
    position left right top bottom margin-left margin-top margin-right transform translate scale clip
    clip-path filter overflow-x overflow-y width height max-width max-height min-width min-height line-height
    content-visibility aspect-ratio contain offset-distance mask-size mask-position mask-mode mask-composite
    zoom rotate backface-visibility
    offset-path mask-image
    """
    )
)
INLINE = frozenset({"inline", "contents", "ruby", "ruby-text"})
_TABLE_PARTS = frozenset(
    words(
        """
    table inline-table table-row table-row-group table-header-group table-footer-group table-cell table-column
    table-column-group
    """
    )
)
NO_ROOM = 4.0
_FAR_LEFT = -300.0
_LOCAL = re.compile(r"url\(\s*[\"']?#").search
_FUNCTION = re.compile(r"([a-z0-9-]+)\(([^()]*)\)").findall

Declared = Mapping[str, Any]


def box_hides(declared: Declared, display: str, font: float, blockified: bool) -> HiddenReason | None:
    """Why this box hides its content, or None. ``font`` is in pixels; ``blockified``: it is a flex or grid item."""
    position = declared.get("position", "static")
    floating = position in {"absolute", "fixed"} or declared.get("float", "none") in {"left", "right"}
    is_box = blockified or floating or display not in INLINE
    inset = _pixels(declared, "padding-left", font, VIEWPORT_WIDTH) or 0.0
    if inset > 100:
        return _cut_or_flat(declared, position, font, is_box, display, floating)
    if position not in {"static", "sticky", "-webkit-sticky"} and _moved_away(declared, position, font):
        return HiddenReason.OFF_SCREEN
    if is_box and (_margin_away(declared, font) or transformed_away(declared, font)):
        return HiddenReason.OFF_SCREEN
    return _cut_or_flat(declared, position, font, is_box, display, floating)


def _cut_or_flat(
    declared: Declared, position: str, font: float, is_box: bool, display: str, floating: bool
) -> HiddenReason | None:
    """Whether the box is clipped away, filtered away or without room, wherever it lies."""
    if _clipped(declared, position, font, is_box):
        return HiddenReason.CLIPPED
    if _filtered(declared.get("filter"), font):
        return HiddenReason.OPACITY
    if is_box and (floating or display not in _TABLE_PARTS) and _no_room(declared, font):
        return HiddenReason.ZERO_BOX
    if is_box and declared.get("content-visibility") == "hidden":
        return HiddenReason.DISPLAY_NONE
    return None


def _pixels(declared: Declared, name: str, font: float, base: float) -> float | None:
    value = declared.get(name)
    return value.resolve(font, base) if isinstance(value, Length) else None


def _moved_away(declared: Declared, position: str, font: float) -> bool:
    left = _pixels(declared, "left", font, VIEWPORT_WIDTH)
    top = _pixels(declared, "top", font, VIEWPORT_HEIGHT)
    right = _pixels(declared, "right", font, VIEWPORT_WIDTH) if left is None else None
    bottom = _pixels(declared, "bottom", font, VIEWPORT_HEIGHT) if top is None else None
    fixed = position == "fixed"
    up, edge = (_FAR_LEFT if position != "relative" else FAR_UP), VIEWPORT_WIDTH if fixed else FAR_RIGHT
    down = VIEWPORT_HEIGHT if fixed else FAR_DOWN
    return any((
        left is not None and (left <= _FAR_LEFT or left >= edge),
        right is not None and (right >= edge or right <= FAR_MARGIN),
        top is not None and (top <= up or top >= down),
        bottom is not None and (bottom >= down or bottom <= (-60.0 if fixed else -FAR_DOWN)),
    ))  # fmt: skip


def _margin_away(declared: Declared, font: float) -> bool:
    left = _pixels(declared, "margin-left", font, VIEWPORT_WIDTH)
    top = _pixels(declared, "margin-top", font, VIEWPORT_WIDTH)
    return (left is not None and (left <= FAR_MARGIN or left >= FAR_RIGHT)) or (top is not None and top <= FAR_MARGIN)


def _clipped(declared: Declared, position: str, font: float, is_box: bool) -> bool:
    clip = declared.get("clip")
    if isinstance(clip, str) and position in {"absolute", "fixed"} and clip.startswith("rect("):
        sides = [length(part) for part in clip[5:].rstrip(")").replace(",", " ").split()]
        if len(sides) == 4:
            top, right, bottom, left = (side.resolve(font, 0.0) if side else None for side in sides)
            flat = bottom is not None and bottom - (top or 0.0) <= NO_ROOM
            return flat or (right is not None and right - (left or 0.0) <= NO_ROOM)
    if _masked(declared.get("mask-image")):
        return True
    path = declared.get("clip-path")
    if isinstance(path, str) and "(" in path:
        return _path_clips(path[:500], font)
    if not _MASK_PARTS.isdisjoint(declared) and "(" in str(declared.get("mask-image")):
        return True
    return is_box and isinstance(declared.get("zoom"), float) and 0 < declared["zoom"] <= TINY_SCALE


_MASK_PARTS = frozenset({"mask-size", "mask-position", "mask-mode", "mask-composite"})


def _masked(text: object) -> bool:
    """A mask of nothing but transparent colours, or of no size."""
    if not isinstance(text, str):
        return False
    if "url(" in text and "url(data:" not in text.replace("'", "").replace('"', ""):
        return True
    if "gradient(" not in text:
        return False
    end = text.rfind(")") + 1
    inner = text[:end].partition("(")[2]
    paints = [found for word in _PAINTS(inner)[:40] if (found := colour(word)) is not None]
    faint = [paint[3] < 0.1 for paint in paints]
    if faint and (all(faint) or (any(faint) and (faint[0] or not text.startswith("linear-")))):
        return True
    said = text[end:].replace("/", " / ").split()
    no_size = "/" in said and any(word[0] == "0" for word in said[said.index("/") :])
    return text.count("gradient(") > 1 or no_size or any(word not in _WHOLE_MASK for word in said)


_WHOLE_MASK = frozenset(
    words(
        """
    / 0 0px 0% 50% 100% center left top cover contain auto repeat no-repeat border-box padding-box content-box alpha
    match-source add none
    """
    )
)
"""What may follow a mask's picture without taking it away from the text."""


_PAINTS = re.compile(r"#[0-9a-f]{3,8}|[a-z]+\([^()]*\)|[a-z]+").findall


def _path_clips(path: str, font: float) -> bool:
    name, _, inner = _BOX("", path).partition("(")
    if name == "shape" or _LOCAL(path):
        return True
    centre = [length(part) for part in inner.rpartition(")")[0].partition(" at ")[2].split()]
    inner = inner.rpartition(")")[0].split(" round ")[0].split(" at ")[0]
    sizes = [length(part) for part in inner.replace(",", " ").split()]
    if name == "inset" and sizes and all(sizes):
        sides = [size for size in sizes if size]
        top, right = sides[0], sides[1 % len(sides)]
        bottom, left = sides[2] if len(sides) > 2 else top, sides[3] if len(sides) > 3 else right
        return any(
            one.share + other.share >= 0.98 or one.pixels + other.pixels >= FAR_RIGHT
            for one, other in ((top, bottom), (left, right))
        )
    if name == "rect" and len(sizes) == 4 and all(sizes):
        edges = [size.resolve(font, 1_000.0) for size in sizes if size]
        return edges[2] - edges[0] <= NO_ROOM or edges[1] - edges[3] <= NO_ROOM
    if name == "xywh" and len(sizes) >= 4:
        return any(size is not None and size.resolve(font, 1_000.0) <= NO_ROOM for size in sizes[2:4])
    if (
        name in {"circle", "ellipse"}
        and sizes
        and any(
            at is not None and size is not None and at.pixels + size.resolve(font, VIEWPORT_WIDTH) < 0
            for at, size in zip(centre, (sizes[0], sizes[-1]), strict=False)
        )
    ):
        return True
    if name in {"circle", "ellipse"} and sizes:
        return any(size is not None and size.resolve(font, VIEWPORT_WIDTH) <= NO_ROOM / 2 for size in sizes[:2])
    if name == "polygon":
        points = [size.resolve(font, VIEWPORT_WIDTH) for size in sizes if size is not None]
        across, down = points[::2], points[1::2]
        return len(points) >= 2 and (_spread(across) <= NO_ROOM or _spread(down) <= NO_ROOM)
    return name == "path" and not re.search(r"[1-9]", inner)


_BOX = re.compile(r"\A(?:margin|border|padding|content|fill|stroke|view)-box\s+").sub


def _spread(numbers: list[float]) -> float:
    return max(numbers, default=0.0) - min(numbers, default=0.0)


def _filtered(text: object, font: float) -> bool:
    if not isinstance(text, str) or "(" not in text:
        return False
    if _LOCAL(text):
        return True
    left = 1.0
    for name, inner in _FUNCTION(text[:500]):
        size = length(inner.strip())
        if size is None:
            continue
        if name == "opacity":
            left *= min(1.0, size.pixels + size.share)
        if left <= 0.1 or (name == "blur" and size.resolve(font, 0.0) >= 8):
            return True
    return False


def _no_room(declared: Declared, font: float) -> bool:
    return _no_extent(declared, "height", "overflow-y", "padding-bottom", font) or _no_extent(
        declared, "width", "overflow-x", "padding-right", font
    )


def _no_extent(declared: Declared, extent: str, overflow: str, padding: str, font: float) -> bool:
    """Content is clipped at the padding's edge: what overflows into a deep enough padding is still painted."""
    contained = set(str(declared.get("contain", "")).split())
    if declared.get(overflow, "visible") == "visible" and contained.isdisjoint({"strict", "content", "paint"}):
        return False
    least = declared.get(f"min-{extent}")
    if isinstance(least, str) and least not in {"auto", "none", "normal"}:
        return False
    size = _smallest(declared, extent, font)
    if size is None and extent == "height" and not contained.isdisjoint({"strict", "size"}):
        size = 0.0
    if size is None and (ratio := declared.get("aspect-ratio")) and isinstance(ratio, float):
        size = _by_ratio(declared, extent, ratio, font)
    low = _pixels(declared, f"min-{extent}", font, VIEWPORT_WIDTH) or 0.0
    inside = _pixels(declared, padding, font, VIEWPORT_WIDTH) or 0.0
    return size is not None and max(size, low) + inside < NO_ROOM


def _by_ratio(declared: Declared, extent: str, ratio: float, font: float) -> float | None:
    """The extent that ``aspect-ratio`` gives for the other one; a width that is not said is that of the page."""
    if extent == "height":
        width = _pixels(declared, "width", font, VIEWPORT_WIDTH)
        return (VIEWPORT_WIDTH if width is None else width) / ratio
    height = _pixels(declared, "height", font, VIEWPORT_HEIGHT)
    return None if height is None else height * ratio


def _smallest(declared: Declared, extent: str, font: float) -> float | None:
    """The smaller of an extent and its maximum; shares of a parent count only where they are nothing."""
    found = [declared.get(extent), declared.get(f"max-{extent}")]
    sizes = [size.resolve(font, 1e4) for size in found if isinstance(size, Length)]
    return min(sizes, default=None)
