"""Animations (CSS Animations 1): which keyframe's values hold once the page has stood for a moment.

Decides that from names, times and fill modes. Where a loop goes on, only what all its ends agree on holds. It never
reads a sheet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Frames = dict[float, dict[str, Any]]
"""Declared values by their place in an animation, 0 to 100."""

LONGHANDS = tuple(
    f"animation-{part}"
    for part in ("name", "duration", "delay", "iteration-count", "fill-mode", "direction", "play-state")
)
ANIMATING = frozenset({"animation", "animation-name"})
ANIMATED = "@animated"
"""Stands among declared values for the keyframes of the mail, and the names of values that no keyframe changes."""
_INITIAL = ("none", "0s", "0s", "1", "none", "normal", "running")
_SETTLED = 5.0
"""Seconds after which a reader has seen how it ends."""
_MOST = 20
_TIME = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(m?s)\Z").match
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)\Z").match
_WORD = re.compile(r"[^\s(]+(?:\([^()]*\))?").findall
_KINDS = {
    "infinite": 3, "forwards": 4, "backwards": 4, "both": 4, "normal": 5, "reverse": 5, "alternate": 5,
    "alternate-reverse": 5, "running": 6, "paused": 6,
}  # fmt: skip
_TIMINGS = re.compile(r"linear|ease(?:-in)?(?:-out)?|step-(?:start|end)|(?:steps|cubic-bezier|linear)\(").match


def shorthand(_name: str, value: str) -> list[tuple[str, Any]]:
    """``animation`` as its longhands, each a list with commas."""
    rows = [_one(part) for part in re.split(r",(?![^()]*\))", value)[:_MOST]]
    return [(name, ",".join(row[index] for row in rows)) for index, name in enumerate(LONGHANDS)]


def _one(text: str) -> list[str]:
    row = list(_INITIAL)
    times = 0
    for word in _WORD(text):
        if _TIME(word) and times < 2:
            times += 1
            row[times] = word
        elif _NUMBER(word):
            row[3] = word
        elif word in _KINDS:
            row[_KINDS[word]] = word
        elif not _TIMINGS(word):
            row[0] = word.strip("\"'")
    return row


def holding(declared: Mapping[str, Any], frames: Mapping[str, Frames]) -> dict[str, Any]:
    """The values that animations lay over an element's own."""
    lists = [str(declared.get(name, usual)).split(",") for name, usual in zip(LONGHANDS, _INITIAL, strict=True)]
    found: dict[str, Any] = {}
    for index, name in enumerate(lists[0][:_MOST]):
        known = frames.get(name.strip().strip("\"'"))
        if known:
            found |= _held(known, [one[index % len(one)].strip() for one in lists])
    return found


def _held(frames: Frames, row: list[str]) -> dict[str, Any]:
    _, duration_text, delay_text, count_text, fill, direction, state = row
    duration, delay = _seconds(duration_text), _seconds(delay_text)
    match = _NUMBER(count_text)
    count = float(match[0]) if match else float("inf")
    first, last = frames.get(0.0, {}), frames.get(100.0, {})
    if direction.endswith("reverse"):
        first, last = last, first
    if delay > _SETTLED or (delay > 0 and state == "paused"):
        return first if fill in {"backwards", "both"} else {}
    if state == "paused" or duration > _SETTLED:
        return last if delay < -duration / 2 else first
    if delay + duration * count > _SETTLED if duration else False:
        return {name: value for name, value in first.items() if last.get(name) == value}
    turned = direction.startswith("alternate") and count % 2 == 0
    return (first if turned else last) if fill in {"forwards", "both"} else {}


def _seconds(text: str) -> float:
    match = _TIME(text)
    return float(match[1]) / (1000 if match[2] == "ms" else 1) if match else 0.0


def places(selector: str) -> list[float]:
    """The places that a keyframe selector names."""
    named = {"from": "0%", "to": "100%"}
    words = [named.get(word.strip().lower(), word.strip()) for word in selector.split(",")[:_MOST]]
    return [float(word[:-1]) for word in words if word.endswith("%") and _NUMBER(word[:-1])]
