"""Custom properties and ``var()`` (CSS Custom Properties 1).

Decides what a value becomes once its variables are known. Substitution is bounded in depth and in length.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postbox.screening.distilling.animations import ANIMATED, holding
from postbox.screening.distilling.declarations import CUSTOM, Unresolved, longhands

_INHERITING = frozenset({"inherit", "unset", "revert", "revert-layer"})
_ROUNDS = 20
_CHARACTERS = 2_000


def resolved(inherited: Mapping[str, str], declared: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The custom properties that hold for the element, and its other declared values with ``var()`` substituted.

    What animations lay over them is among these.
    """
    custom = dict(inherited)
    for name, value in declared.items():
        if name.startswith(CUSTOM) and name != CUSTOM:
            word = value.strip().lower()
            if word == "initial":
                custom.pop(name, None)
            elif word not in _INHERITING:
                custom[name] = value
    plain: dict[str, Any] = {}
    for name, value in declared.items():
        if name.startswith(CUSTOM):
            continue
        if not isinstance(value, Unresolved):
            plain[name] = value
            continue
        text = _substituted(str(value), custom)
        if text is not None:
            plain.update(longhands(name, text))
    if ANIMATED in plain:
        frames, fixed = plain.pop(ANIMATED)
        held = {name: value for name, value in holding(plain, frames).items() if name not in fixed}
        plain |= resolved(custom, held)[1]
    return custom, plain


def _substituted(value: str, custom: Mapping[str, str]) -> str | None:
    original = value
    for _ in range(_ROUNDS):
        start = value.lower().find("var(")
        if start < 0:
            return value.strip()
        end = _closing(value, start + 4)
        if end < 0:
            return None
        name, comma, fallback = value[start + 4 : end].partition(",")
        found = custom.get(name.strip())
        if found is None and not comma:
            return None
        value = f"{value[:start]} {found if found is not None else fallback} {value[end + 1 :]}"
        if len(value) > _CHARACTERS:
            return None
    return _fallback(original)


def _fallback(value: str) -> str | None:
    """What a value says for variables that only lead to each other."""
    start = value.lower().find("var(")
    end = _closing(value, start + 4)
    _, comma, fallback = value[start + 4 : end].partition(",")
    return value[:start] + fallback + value[end + 1 :] if comma and end > 0 and "var(" not in fallback else None


def _closing(value: str, at: int) -> int:
    depth = 1
    for index in range(at, len(value)):
        depth += {"(": 1, ")": -1}.get(value[index], 0)
        if not depth:
            return index
    return -1
