"""Whether a style can move, cut or cover anything, so that places have to be worked out.

Decides from declared values alone; ordinary mail needs none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postbox.screening.distilling.css_lengths import VIEWPORT_WIDTH, Length
from postbox.screening.distilling.words import words

_TELLING = frozenset(
    words(
        """
    position z-index overflow-x overflow-y contain margin-top margin-left margin-bottom margin-right transform
    translate scale rotate clip-path grid-area grid-row grid-template-rows grid-template-columns grid-auto-rows
    -webkit-line-clamp padding-left padding-top border-left-width border-top-width box-shadow height line-height
    text-indent word-spacing container-type
    """
    )
)
_SIDES = ("left", "top", "right", "bottom")
_NARROW = 400.0
_FAR = 800.0
_BACK = -8.0


def needs_places(declared: Mapping[str, Any], font: float) -> bool:
    """Whether an element with these values may lie elsewhere than in plain flow, or cut or cover something."""
    if _TELLING.isdisjoint(declared):
        return False
    position = declared.get("position", "static")
    if position in {"absolute", "fixed"} or isinstance(declared.get("z-index"), int):
        return True
    if declared.get("min-width") is not None and declared.get("overflow-x", "visible") != "visible":
        return True
    if position == "relative" and any(_pixels(declared, side, font) for side in _SIDES):
        return True
    if any(declared.get(name, "none") != "none" for name in ("transform", "translate", "scale", "rotate")):
        return True
    if "(" in str(declared.get("clip-path", "")):
        return True
    if not declared.keys().isdisjoint(
        {"grid-auto-rows", "grid-area", "grid-row", "grid-template-rows", "grid-template-columns"}
    ):
        return True
    if ("background-color" in declared or str(declared.get("display"))[-4:] in {"flex", "grid"}) and _low(
        declared, font
    ):
        return True
    if (
        not 0 <= _pixels(declared, "text-indent", font) < _FAR
        or abs(_pixels(declared, "word-spacing", font)) > 2 * font
    ):
        return True
    if any(_pixels(declared, f"border-{side}-width", font) > _FAR for side in ("left", "top")):
        return True
    if "container-type" in declared or _flat_lines(declared.get("line-height")):
        return True
    if "inset" in str(declared.get("box-shadow", "")) or declared.get("contain", "none") not in {
        "none",
        "layout",
        "style",
    }:
        return True
    return _cuts(declared, font) or any(
        not _BACK <= _pixels(declared, f"{kind}-{side}", font) <= _FAR
        for kind in ("margin", "padding") for side in _SIDES
    )  # fmt: skip


def _low(declared: Mapping[str, Any], font: float) -> bool:
    return "height" in declared and 0 <= _pixels(declared, "height", font) < 12


def _flat_lines(value: object) -> bool:
    return (
        isinstance(value, Length)
        and value.pixels + value.fonts + value.share < (0.2 if value.bare else 3.0)
        and not (value.fonts > 0.2 or value.share > 0.2)
    )


def _cuts(declared: Mapping[str, Any], font: float) -> bool:
    if all(declared.get(name, "visible") == "visible" for name in ("overflow-x", "overflow-y")):
        return False
    if declared.get("white-space") in {"nowrap", "pre"} or any(
        isinstance(declared.get(name), Length) for name in ("height", "max-height", "flex-basis")
    ):
        return True
    wide = [_pixels(declared, name, font) for name in ("width", "max-width") if isinstance(declared.get(name), Length)]
    return "-webkit-line-clamp" in declared or any(one < _NARROW for one in wide)


def _pixels(declared: Mapping[str, Any], name: str, font: float) -> float:
    value = declared.get(name)
    return value.resolve(font, VIEWPORT_WIDTH) if isinstance(value, Length) else 0.0
