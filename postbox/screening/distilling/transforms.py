"""Whether a transform moves a box off the page, flattens it, or turns it out of sight.

Decides from declared values alone, so each threshold lies well beyond what honest mail uses; ``layout`` looks closer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from postbox.screening.distilling.css_lengths import Length
from postbox.screening.distilling.matrices import (
    on_page,
    point,
    seen_from_behind,
    shrinks_to_nothing,
    transform_of,
    volume,
)

FAR_RIGHT = 2_000.0
FAR_MARGIN = -500.0
FAR_UP = -1_000.0
FAR_DOWN = 5_000.0
TINY_SCALE = 0.05
_FAR_ALONG = re.compile(r"\d{4,}|-\d{3,}").search

Declared = Mapping[str, Any]


def transformed_away(declared: Declared, font: float) -> bool:
    """Whether a transform, or ``translate``, ``scale`` and ``rotate``, takes the box away."""
    path = declared.get("offset-path")
    if isinstance(path, str) and path != "none":
        along = declared.get("offset-distance")
        if _FAR_ALONG(path[:500]) or (isinstance(along, Length) and along.pixels >= 1_000):
            return True
    found = transform_of(declared, font, 0.0, 0.0)
    if found is None:
        return False
    plane = on_page(found)
    if shrinks_to_nothing(plane, TINY_SCALE) or not volume(found):
        return True
    if declared.get("backface-visibility") == "hidden" and seen_from_behind(found):
        return True
    x, y = point(plane, 0.0, 0.0) or (FAR_RIGHT, 0.0)
    return not (FAR_MARGIN < x < FAR_RIGHT and FAR_UP < y < FAR_DOWN)
