"""CSS lengths (CSS Values 4) to pixels, with the sums of ``calc()`` and its kin.

Decides how long a length is. It never decides whether that hides anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

VIEWPORT_WIDTH = 1000.0
VIEWPORT_HEIGHT = 800.0
ROOT_FONT = 16.0
_FAR = 1e7
_DEPTH = 8
_SIGNS = frozenset({"+", "-"})

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([a-z]+|%)?\Z").match
_TOKENS = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?:[a-z]+|%)?|[a-z-]+\(|[-+*/(),]|\S").findall
_IN_PIXELS = {
    "": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6,
    "rem": ROOT_FONT, "rlh": 1.2 * ROOT_FONT, "vw": VIEWPORT_WIDTH / 100, "vh": VIEWPORT_HEIGHT / 100,
    "vmin": VIEWPORT_HEIGHT / 100, "vmax": VIEWPORT_WIDTH / 100, "vi": VIEWPORT_WIDTH / 100,
    "vb": VIEWPORT_HEIGHT / 100, "dvw": VIEWPORT_WIDTH / 100, "dvh": VIEWPORT_HEIGHT / 100,
    "svw": VIEWPORT_WIDTH / 100, "svh": VIEWPORT_HEIGHT / 100, "lvw": VIEWPORT_WIDTH / 100,
    "lvh": VIEWPORT_HEIGHT / 100,
}  # fmt: skip
_IN_FONTS = {"em": 1.0, "ex": 0.5, "ch": 0.5, "lh": 1.2, "cap": 0.7, "ic": 1.0}


@dataclass(frozen=True, slots=True)
class Length:
    """A sum: absolute pixels, font sizes (em) and a share of the base that percentages refer to."""

    pixels: float = 0.0
    fonts: float = 0.0
    share: float = 0.0
    bare: bool = False
    rooted: bool = False
    """Said in font sizes of the root."""

    def resolve(self, font: float, base: float) -> float:
        """Pixels, given the font size and what 100 % means here."""
        return max(-_FAR, min(_FAR, self.pixels + self.fonts * font + self.share * base))


ZERO = Length()


def length(value: str) -> Length | None:
    """A length, percentage, number or arithmetic of them; None where it is none of these."""
    match = _NUMBER(value)
    if match:
        return _from_parts(match[1], match[2] or "")
    if "(" in value and len(value) < 400:
        return _arithmetic(value)
    return None


def turns(angle: str) -> float | None:
    """An angle as a share of the full turn."""
    match = _ANGLE(angle)
    return float(match[1]) / _IN_A_TURN[match[2] or ""] if match and (match[2] or not float(match[1])) else None


_ANGLE = re.compile(r"([+-]?(?:\d{1,6}(?:\.\d{1,6})?|\.\d{1,6}))(deg|turn|rad|grad)?\Z").match
_IN_A_TURN = {"deg": 360.0, "turn": 1.0, "rad": 6.283185, "grad": 400.0, "": 1.0}


def _from_parts(number: str, unit: str) -> Length | None:
    amount = max(-_FAR, min(_FAR, float(number)))
    if unit == "%":
        return Length(share=amount / 100)
    if unit in _IN_FONTS:
        return Length(fonts=amount * _IN_FONTS[unit])
    if unit in _IN_PIXELS:
        return Length(pixels=amount * _IN_PIXELS[unit], bare=not unit, rooted=unit == "rem")
    return None


def _arithmetic(value: str) -> Length | None:
    """``calc``, ``min``, ``max`` and ``clamp``; comparisons are made at a 16 px font in the assumed viewport."""
    tokens: list[str] = _TOKENS(value)
    if len(tokens) > 100 or tokens[0] not in _STARTS:
        return None
    try:
        result = _Sum(tokens).value(0)
    except (IndexError, ValueError, ZeroDivisionError, TypeError, OverflowError):
        return None
    return result


_OF_NUMBERS: dict[str, Callable[..., float]] = {
    "pow(": math.pow, "sqrt(": math.sqrt, "exp(": math.exp, "log(": math.log, "sin(": math.sin, "cos(": math.cos,
    "tan(": math.tan,
}  # fmt: skip
_OF_LENGTHS: dict[str, Callable[..., float]] = {
    "abs(": abs, "sign(": lambda one: float((one > 0) - (one < 0)), "hypot(": math.hypot,
    "mod(": lambda one, other: one % other, "rem(": math.fmod,
    "round(": lambda one, other=1.0: round(one / other) * other,
}  # fmt: skip
_STARTS = frozenset({"calc(", "min(", "max(", "clamp(", *_OF_NUMBERS, *_OF_LENGTHS})


class _Sum:
    """A recursive-descent reader of the arithmetic, at most ``_DEPTH`` deep."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [*tokens, "", ""]
        self.at = 0

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def value(self, depth: int) -> Length:
        if depth > _DEPTH:
            raise ValueError("nested too deep")
        token = self.take()
        if token in {"calc(", "("}:
            result = self.sum(depth)
            self.take()
            return result
        if token in {"min(", "max(", "clamp("}:
            return self.compared(token, depth)
        if token in _OF_NUMBERS or token in _OF_LENGTHS:
            return self.worked_out(token, depth)
        match = _NUMBER(token)
        found = _from_parts(match[1], match[2] or "") if match else None
        if found is None:
            raise ValueError(token)
        return found

    def worked_out(self, name: str, depth: int) -> Length:
        """A function of numbers, or of lengths that are all said in one unit."""
        options = [self.sum(depth)]
        while self.tokens[self.at] == ",":
            self.at += 1
            options.append(self.sum(depth))
        self.take()
        bare = all(one.bare for one in options)
        if name in _OF_NUMBERS:
            if not bare:
                raise ValueError(name)
            return Length(pixels=_OF_NUMBERS[name](*(one.pixels for one in options)), bare=True)
        parts = [[one.pixels, one.fonts, one.share] for one in options]
        kinds = {index for part in parts for index, number in enumerate(part) if number}
        if len(kinds) > 1:
            raise ValueError(name)
        at = kinds.pop() if kinds else 0
        found = _OF_LENGTHS[name](*(part[at] for part in parts))
        if name == "sign(":
            return Length(pixels=found, bare=True)
        pixels, fonts, share = (found if index == at else 0.0 for index in range(3))
        return Length(pixels, fonts, share, bare)

    def compared(self, name: str, depth: int) -> Length:
        options = [self.sum(depth)]
        while self.tokens[self.at] == ",":
            self.at += 1
            options.append(self.sum(depth))
        self.take()
        if name == "clamp(":
            low, wanted, high = options[:3] if len(options) >= 3 else (options[0],) * 3
            return max(low, min(wanted, high, key=_size), key=_size)
        return (min if name == "min(" else max)(options, key=_size)

    def sum(self, depth: int) -> Length:
        left = self.product(depth)
        while True:
            mark = self.tokens[self.at]
            if mark in _SIGNS:
                self.at += 1
            elif mark[:1] not in _SIGNS:
                return left
            right = self.product(depth)
            sign = -1 if mark == "-" else 1
            left = Length(
                left.pixels + sign * right.pixels,
                left.fonts + sign * right.fonts,
                left.share + sign * right.share,
                left.bare and right.bare,
            )

    def product(self, depth: int) -> Length:
        left = self.value(depth + 1)
        while self.tokens[self.at] in {"*", "/"}:
            operator = self.take()
            right = self.value(depth + 1)
            if operator == "*" and left.bare:
                left, right = right, left
            factor = right.pixels if operator == "*" else 1 / right.pixels
            left = Length(left.pixels * factor, left.fonts * factor, left.share * factor, left.bare and right.bare)
        return left


def _size(one: Length) -> float:
    return one.resolve(ROOT_FONT, VIEWPORT_WIDTH)
