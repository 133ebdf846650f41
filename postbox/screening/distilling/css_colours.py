"""CSS colours (CSS Color 4) to RGBA: red, green and blue in 0..255, alpha in 0..1.

Decides what a colour value means. It never decides whether a colour can be read on another: ``style`` does.
"""

from __future__ import annotations

import colorsys
import math
import re
from functools import lru_cache
from typing import Final

from postbox.screening.distilling.css_lengths import length
from postbox.screening.distilling.words import words

RGBA = tuple[float, float, float, float]


class Scheme(tuple[float, float, float, float]):
    """A colour that is another one, ``dark``, under a dark colour scheme."""

    dark: RGBA


class Hashless(tuple[float, float, float, float]):
    """A colour that is one in quirks mode alone: its ``#`` is missing."""


TRANSPARENT: Final[RGBA] = (0.0, 0.0, 0.0, 0.0)
BLACK: Final[RGBA] = (0.0, 0.0, 0.0, 1.0)
WHITE: Final[RGBA] = (255.0, 255.0, 255.0, 1.0)

_NAMES = words(
    """
    aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4
    black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue
    5f9ea0 chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson
    dc143c cyan 00ffff darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400
    darkgrey a9a9a9 darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid
    9932cc darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f
    darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray
    696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia
    ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 green 008000
    greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0
    khaki f0e68c lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6
    lightcoral f08080 lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90
    lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa
    lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen
    32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid
    ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a
    mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1
    moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500
    orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred
    db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple
    800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072
    sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue
    6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c teal
    008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke
    f5f5f5 yellow ffff00 yellowgreen 9acd32 canvas ffffff canvastext 000000 field ffffff fieldtext 000000
    buttonface efefef buttontext 000000 linktext 0000ee visitedtext 551a8b window ffffff windowtext 000000
    background ffffff infobackground ffffff infotext 000000 highlight 3367d1 highlighttext ffffff graytext
    808080 menu ffffff menutext 000000 activetext ff0000 buttonborder 000000 selecteditem 1967d2
    selecteditemtext ffffff mark ffff00 marktext 000000 accentcolor 0075ff accentcolortext ffffff activeborder
    000000 activecaption ffffff appworkspace ffffff buttonhighlight efefef buttonshadow efefef captiontext 000000
    inactiveborder 000000 inactivecaption ffffff inactivecaptiontext 808080 scrollbar ffffff threeddarkshadow
    000000 threedface efefef threedhighlight 000000 threedlightshadow 000000 threedshadow 000000 windowframe
    000000 -webkit-link 0000ee -webkit-activelink ff0000
    """
)


def _hex(digits: str) -> RGBA | None:
    """``#rgb``, ``#rgba``, ``#rrggbb`` or ``#rrggbbaa`` without the sign."""
    if len(digits) in {3, 4}:
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in {6, 8} or not _HEX_ONLY(digits):
        return None
    alpha = int(digits[6:], 16) / 255 if len(digits) == 8 else 1.0
    return (float(int(digits[:2], 16)), float(int(digits[2:4], 16)), float(int(digits[4:6], 16)), alpha)


_HEX_ONLY = re.compile(r"[0-9a-fA-F]+\Z").match
_FUNCTION = re.compile(r"(rgba?|hsla?|hwb|oklch|oklab|lch|lab)\(([^()]*)\)\Z").match
_ARGUMENT = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(%|deg|grad|rad|turn)?\Z").match
_TURNS = {"deg": 360.0, "grad": 400.0, "rad": 2 * math.pi, "turn": 1.0}

_NAMED: dict[str, RGBA] = {"transparent": TRANSPARENT}
for _name, _digits in zip(_NAMES[::2], _NAMES[1::2], strict=True):
    _NAMED[_name] = (float(int(_digits[:2], 16)), float(int(_digits[2:4], 16)), float(int(_digits[4:], 16)), 1.0)

CANVAS_DARK: Final[RGBA] = (18.0, 18.0, 18.0, 1.0)


def schemed(light: RGBA, dark: RGBA) -> RGBA:
    """A colour for each scheme."""
    found = Scheme(light)
    found.dark = dark
    return found


def is_dark(value: object) -> bool:
    """Whether a ``color-scheme`` leaves no choice but the dark one."""
    words = str(value).split()
    return "dark" in words and "light" not in words


for _name in ("canvas", "field", "window", "background", "infobackground", "menu"):
    _NAMED[_name] = schemed(WHITE, CANVAS_DARK)
for _name in ("canvastext", "fieldtext", "buttontext", "windowtext", "infotext", "menutext"):
    _NAMED[_name] = schemed(BLACK, WHITE)


def colour(value: str) -> RGBA | None:
    """The colour that a lower-case CSS value names, or None when it is not a colour that is known here."""
    named = _NAMED.get(value)
    if named is not None:
        return named
    if value.startswith("#"):
        return _hex(value[1:])
    if "calc(" in value:
        value = _CALC(_worked_out, value)
    match = _FUNCTION(value)
    return _function(match[1], match[2]) if match else None


_CALC = re.compile(r"calc\([^()]*(?:\([^()]*\)[^()]*)*\)").sub


def _worked_out(match: re.Match[str]) -> str:
    """A sum of numbers or of shares as one of them."""
    found = length(match[0])
    if found is None or found.fonts or (found.share and found.pixels):
        return match[0]
    return f"{found.share * 100:f}%" if found.share else f"{found.pixels:f}"


def attribute_colour(value: str) -> RGBA | None:
    """A colour as in ``bgcolor`` or ``<font color>``: the HTML standard's rules for legacy colour values."""
    return _legacy_colour(value.strip().lower()[:128])


@lru_cache(maxsize=1024)
def _legacy_colour(value: str) -> RGBA | None:
    if not value or value == "transparent":
        return None
    known = _NAMED.get(value)
    if known is not None:
        return known
    if len(value) == 4 and value[0] == "#" and _HEX_ONLY(value[1:]):
        return _hex(value[1:])
    digits = "".join(c if c in "0123456789abcdef" else "0" for c in value.removeprefix("#"))
    size = max(1, -(-len(digits) // 3))
    digits = digits.ljust(size * 3, "0")
    parts = [digits[start : start + size][-8:] for start in (0, size, 2 * size)]
    while len(parts[0]) > 2 and all(part[0] == "0" for part in parts):
        parts = [part[1:] for part in parts]
    red, green, blue = (float(int(part[:2], 16)) for part in parts)
    return (red, green, blue, 1.0)


def _function(name: str, inner: str) -> RGBA | None:
    parts = inner.replace(",", " ").replace("/", " ").split()
    arguments = [_ARGUMENT("0" if part == "none" else part) for part in parts]
    if len(arguments) not in {3, 4} or not all(arguments):
        return None
    numbers = [(float(found[1]), found[2] or "") for found in arguments if found]
    if not all(math.isfinite(number) for number, _ in numbers):
        return None
    alpha = _scaled(numbers[3], 1.0) if len(numbers) == 4 else 1.0
    red, green, blue = _CONVERTERS[name](numbers[:3])
    return (_byte(red), _byte(green), _byte(blue), min(1.0, max(0.0, alpha)))


_Arguments = list[tuple[float, str]]


def _scaled(argument: tuple[float, str], whole: float) -> float:
    number, unit = argument
    return number / 100 * whole if unit == "%" else number


def _turn(argument: tuple[float, str]) -> float:
    number, unit = argument
    return (number / _TURNS.get(unit, 360.0)) % 1.0


def _share(argument: tuple[float, str]) -> float:
    return min(1.0, max(0.0, argument[0] / 100))


def _byte(number: float) -> float:
    return float(round(min(255.0, max(0.0, number))))


def _rgb(arguments: _Arguments) -> tuple[float, ...]:
    return tuple(_scaled(argument, 255.0) for argument in arguments)


def _hsl(arguments: _Arguments) -> tuple[float, ...]:
    mixed = colorsys.hls_to_rgb(_turn(arguments[0]), _share(arguments[2]), _share(arguments[1]))
    return tuple(part * 255 for part in mixed)


def _hwb(arguments: _Arguments) -> tuple[float, ...]:
    white, black = _share(arguments[1]), _share(arguments[2])
    if white + black >= 1:
        return (255 * white / (white + black),) * 3
    pure = colorsys.hls_to_rgb(_turn(arguments[0]), 0.5, 1.0)
    return tuple(255 * (part * (1 - white - black) + white) for part in pure)


def _oklab_rgb(lightness: float, a: float, b: float) -> tuple[float, ...]:
    """Oklab to gamma-encoded sRGB (CSS Color 4, section 10)."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return tuple(255 * (12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055) for x in linear)


def _oklab(arguments: _Arguments) -> tuple[float, ...]:
    lightness = min(1.0, max(0.0, _scaled(arguments[0], 1.0)))
    return _oklab_rgb(lightness, *(min(0.5, max(-0.5, _scaled(x, 0.4))) for x in arguments[1:]))


def _oklch(arguments: _Arguments) -> tuple[float, ...]:
    lightness, chroma = min(1.0, max(0.0, _scaled(arguments[0], 1.0))), min(0.5, _scaled(arguments[1], 0.4))
    angle = _turn(arguments[2]) * 2 * math.pi
    return _oklab_rgb(lightness, chroma * math.cos(angle), chroma * math.sin(angle))


def _lab_rgb(lightness: float, a: float, b: float) -> tuple[float, ...]:
    """CIE Lab (D50) through Oklab's neighbourhood: exact on the grey axis, close enough to compare."""
    return _oklab_rgb((lightness + 16) / 116 if lightness > 8 else lightness / 903.3, a / 400, b / 400)


def _lab(arguments: _Arguments) -> tuple[float, ...]:
    return _lab_rgb(min(100.0, max(0.0, arguments[0][0])), *(min(125.0, max(-125.0, x[0])) for x in arguments[1:]))


def _lch(arguments: _Arguments) -> tuple[float, ...]:
    chroma, angle = min(150.0, arguments[1][0]), _turn(arguments[2]) * 2 * math.pi
    return _lab_rgb(min(100.0, max(0.0, arguments[0][0])), chroma * math.cos(angle), chroma * math.sin(angle))


_CONVERTERS = {
    "rgb": _rgb, "rgba": _rgb, "hsl": _hsl, "hsla": _hsl, "hwb": _hwb,
    "oklab": _oklab, "oklch": _oklch, "lab": _lab, "lch": _lch,
}  # fmt: skip
