"""Whether an answer is what a document shows.

What a document shows is an answer in which "…" stands for what was left out: a whole value, a part of a string, the
rest of a list, or, as a key, further keys. Ids and times are of their form, fractions are fractions; all else is the
same.
"""

from __future__ import annotations

import re
from typing import Any

REST = "…"
_FORMS = (
    re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"),
    re.compile(r"evt_[0-9a-f]{32}"),
)


def differences(shown: Any, real: Any, path: str = "") -> list[str]:
    """Where the two are not alike, in words; empty when they are."""
    if shown == REST:
        return []
    if type(shown) is not type(real):
        return [f"{path}: shown {shown!r}, is {real!r}"]
    if isinstance(shown, dict):
        return _of_objects(shown, real, path)
    if isinstance(shown, list):
        return _of_lists(shown, real, path)
    alike = _fits(shown, real) if isinstance(shown, str) else isinstance(shown, float) or shown == real
    return [] if alike else [f"{path}: shown {shown!r}, is {real!r}"]


def _of_objects(shown: dict[str, Any], real: dict[str, Any], path: str) -> list[str]:
    named = shown.keys() - {REST}
    found = [f"{path}.{key}: shown, and is not there" for key in named - real.keys()]
    if REST not in shown:
        found += [f"{path}.{key}: there, and is not shown" for key in real.keys() - named]
    elif not real.keys() - named:
        found.append(f"{path}: nothing is left out")
    return found + [item for key in named & real.keys() for item in differences(shown[key], real[key], f"{path}.{key}")]


def _of_lists(shown: list[Any], real: list[Any], path: str) -> list[str]:
    items = shown[:-1] if shown and shown[-1] == REST else shown
    if len(items) > len(real) or (items is shown and len(items) != len(real)):
        return [f"{path}: shown with {len(items)} items, has {len(real)}"]
    pairs = enumerate(zip(items, real, strict=False))
    return [found for index, (one, other) in pairs for found in differences(one, other, f"{path}.{index}")]


def _fits(shown: str, real: str) -> bool:
    for form in _FORMS:
        if form.fullmatch(shown):
            return form.fullmatch(real) is not None
    return re.fullmatch(".*".join(map(re.escape, shown.split(REST))), real, re.DOTALL) is not None
