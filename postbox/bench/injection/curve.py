"""The curve of attacks caught over honest mail flagged, as points and as a drawing.

Decides the drawing only; nothing is needed to make it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_WIDTH: Final = 480
_HEIGHT: Final = 320
_EDGE: Final = 46
_FLAGGED_MOST: Final = 0.05


def points(honest: Sequence[float], attacks: Sequence[float]) -> list[list[float]]:
    """Share of honest mail flagged and of attacks caught, for thresholds from high to low."""
    thresholds = sorted(honest, reverse=True)[: int(_FLAGGED_MOST * len(honest))]
    ordered = sorted(attacks, reverse=True)
    found, caught = [], 0
    for place, threshold in enumerate(thresholds):
        while caught < len(ordered) and ordered[caught] > threshold:
            caught += 1
        found.append([round(place / len(honest), 5), round(caught / max(len(ordered), 1), 4)])
    return found


def svg(shares: Sequence[Sequence[float]]) -> str:
    """The curve up to five percent of honest mail flagged, as an SVG drawing."""
    line = " ".join(f"{_across(flagged):.1f},{_up(caught):.1f}" for flagged, caught in shares)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
        ' font-size="11" role="img" aria-label="Attacks caught over honest mail flagged">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for percent in (0, 25, 50, 75, 100):
        height = _up(percent / 100)
        parts.append(f'<path d="M{_EDGE} {height:.1f}H{_WIDTH - 12}" stroke="#ddd"/>')
        parts.append(f'<text x="{_EDGE - 6}" y="{height + 4:.1f}" text-anchor="end">{percent} %</text>')
    for percent in range(6):
        across = _across(percent / 100)
        parts.append(f'<text x="{across:.1f}" y="{_HEIGHT - _EDGE + 16}" text-anchor="middle">{percent} %</text>')
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1f5fbf" stroke-width="2"/>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 10}" text-anchor="middle">unseen honest mail flagged</text>')
    parts.append('<text x="10" y="14">attacks of sources left out, caught (model without rules)</text></svg>')
    return "\n".join(parts) + "\n"


def _across(share: float) -> float:
    return _EDGE + share / _FLAGGED_MOST * (_WIDTH - 12 - _EDGE)


def _up(share: float) -> float:
    return _HEIGHT - _EDGE - share * (_HEIGHT - _EDGE - 24)
