"""The properties that are looked at, and how each value is read.

Decides the list. It never reads a value itself: ``property_values`` does.
"""

from __future__ import annotations

from postbox.screening.distilling import animations
from postbox.screening.distilling import paint_values as paint
from postbox.screening.distilling import property_values as values
from postbox.screening.distilling.css_colours import TRANSPARENT
from postbox.screening.distilling.css_lengths import ZERO
from postbox.screening.distilling.property_values import OVERFLOWS, SIDES, Parser

_CLIP_PATH = values.functions_or(
    "none", "border-box", "padding-box", "content-box", "margin-box", "fill-box", "stroke-box", "view-box"
)
PARSERS: dict[str, Parser] = {
    "display": values.display,
    "visibility": values.keyword("visible", "hidden", "collapse"),
    "content-visibility": values.keyword("visible", "hidden", "auto"),
    "opacity": values.number,
    "zoom": values.number,
    "font-size-adjust": values.adjustment,
    "transform-origin": values.text,
    "mask-size": values.text,
    "-webkit-mask-size": values.renamed("mask-size", values.text),
    "mask-position": values.text,
    "mask-mode": values.text,
    "mask-composite": values.text,
    "-webkit-mask-composite": values.renamed("mask-composite", values.text),
    "-webkit-mask-box-image": values.renamed("mask-image", values.text),
    "-webkit-mask-box-image-source": values.renamed("mask-image", values.text),
    "-webkit-mask-position": values.renamed("mask-position", values.text),
    "offset": values.renamed("offset-path", values.text),
    "font-size": values.font_size,
    "font": values.font,
    "line-height": values.size,
    "color": values.colour_of,
    "-webkit-text-fill-color": values.colour_of,
    "background": paint.background,
    "background-color": values.colour_of,
    "background-image": values.text,
    "background-size": paint.background_extent,
    "background-position": paint.background_extent,
    "background-clip": values.keyword("border-box", "padding-box", "content-box", "text"),
    "-webkit-background-clip": values.renamed(
        "background-clip", values.keyword("border-box", "padding-box", "content-box", "text")
    ),
    "text-shadow": paint.shadow,
    "-webkit-text-stroke": paint.stroke,
    "-webkit-text-stroke-width": paint.stroke,
    "-webkit-text-stroke-color": paint.stroke_colour,
    "mask": values.renamed("mask-image", values.text),
    "mask-image": values.functions_or("none"),
    "-webkit-mask": values.renamed("mask-image", values.text),
    "-webkit-mask-image": values.renamed("mask-image", values.functions_or("none")),
    "mix-blend-mode": values.text,
    "z-index": values.index,
    "isolation": values.keyword("auto", "isolate"),
    "contain": values.text,
    "clear": values.keyword("none", "left", "right", "both"),
    "box-sizing": values.keyword("border-box", "content-box"),
    "direction": values.keyword("ltr", "rtl"),
    "unicode-bidi": values.text,
    "backface-visibility": values.keyword("visible", "hidden"),
    "-webkit-backface-visibility": values.renamed("backface-visibility", values.keyword("visible", "hidden")),
    "perspective": values.text,
    "offset-path": values.text,
    "offset-distance": values.size,
    "box-shadow": values.text,
    "flex": values.flex,
    "flex-grow": values.number,
    "flex-shrink": values.number,
    "flex-basis": values.size,
    "flex-direction": values.keyword("row", "row-reverse", "column", "column-reverse"),
    "flex-wrap": values.keyword("nowrap", "wrap", "wrap-reverse"),
    "grid-template-columns": values.text,
    "grid-template-rows": values.text,
    "grid-template": lambda _name, value: [
        ("grid-template-rows", value.partition("/")[0]),
        ("grid-template-columns", value.partition("/")[2]),
    ],
    "grid": values.grid,
    "grid-auto-rows": values.text,
    "container-type": values.keyword("normal", "size", "inline-size"),
    "container": values.container,
    "word-spacing": values.size,
    "text-align": values.keyword(
        "left", "right", "center", "start", "end", "justify", "-webkit-center", "-webkit-right", "-webkit-left"
    ),
    "vertical-align": values.aligned,
    "border-collapse": values.keyword("collapse", "separate"),
    "border-spacing": values.spacing,
    "gap": values.gaps,
    "grid-gap": values.gaps,
    "row-gap": values.size,
    "column-gap": values.size,
    "align-content": values.text,
    "text-wrap": values.wrapping,
    "text-wrap-mode": values.wrapping,
    "table-layout": values.keyword("auto", "fixed"),
    "align-items": values.text,
    "justify-content": values.text,
    "overflow-block": values.renamed("overflow-y", values.keyword(*OVERFLOWS)),
    "overflow-inline": values.renamed("overflow-x", values.keyword(*OVERFLOWS)),
    "outline": values.text,
    "grid-area": values.text,
    "grid-row": values.text,
    "-webkit-line-clamp": values.lines,
    "line-clamp": values.renamed("-webkit-line-clamp", values.lines),
    "text-overflow": values.text,
    "animation": animations.shorthand,
    "-webkit-animation": animations.shorthand,
    **dict.fromkeys(animations.LONGHANDS, values.text),
    **{f"-webkit-{name}": values.renamed(name, values.text) for name in animations.LONGHANDS},
    "aspect-ratio": values.ratio,
    "color-scheme": values.text,
    "fill": values.colour_or_none,
    "fill-opacity": values.number,
    "border": values.border,
    "inset-inline": values.pair("left", "right"),
    "inset-block": values.pair("top", "bottom"),
    "margin-inline": values.pair("margin-left", "margin-right"),
    "margin-block": values.pair("margin-top", "margin-bottom"),
    "padding-inline": values.pair("padding-left", "padding-right"),
    "padding-block": values.pair("padding-top", "padding-bottom"),
    "-webkit-transform": values.transform,
    "rotate": values.text,
    "position": values.keyword("static", "relative", "absolute", "fixed", "sticky", "-webkit-sticky"),
    "float": values.keyword("left", "right", "none"),
    "inset": values.sides(*SIDES),
    "margin": values.sides(*(f"margin-{side}" for side in SIDES)),
    "padding": values.sides(*(f"padding-{side}" for side in SIDES)),
    "text-indent": values.indent,
    "letter-spacing": values.size,
    "transform": values.transform,
    "translate": values.axis,
    "scale": values.axis,
    "filter": paint.filters,
    "-webkit-filter": values.renamed("filter", paint.filters),
    "backdrop-filter": values.text,
    "-webkit-opacity": values.renamed("opacity", values.number),
    "clip": values.functions_or("auto"),
    "clip-path": _CLIP_PATH,
    "-webkit-clip-path": values.renamed("clip-path", _CLIP_PATH),
    "overflow": values.overflow,
    "overflow-x": values.keyword(*OVERFLOWS),
    "overflow-y": values.keyword(*OVERFLOWS),
    "white-space": values.keyword("normal", "nowrap", "pre", "pre-wrap", "pre-line", "break-spaces"),
    "list-style-type": values.text,
    "list-style": lambda _name, value: [("list-style-type", "none" if "none" in value.split() else "disc")],
    "-webkit-text-security": values.keyword("none", "disc", "circle", "square"),
}
for _side in SIDES:
    PARSERS[_side] = PARSERS[f"margin-{_side}"] = PARSERS[f"padding-{_side}"] = values.size
    PARSERS[f"border-{_side}"] = values.border
for _inline, _plain in (
    ("inline-start", "left"),
    ("inline-end", "right"),
    ("block-start", "top"),
    ("block-end", "bottom"),
):
    PARSERS[f"inset-{_inline}"] = values.renamed(_plain, values.size)
    PARSERS[f"margin-{_inline}"] = values.renamed(f"margin-{_plain}", values.size)
    PARSERS[f"padding-{_inline}"] = values.renamed(f"padding-{_plain}", values.size)
for _limit in ("", "max-", "min-"):
    PARSERS[f"{_limit}block-size"] = values.renamed(f"{_limit}height", values.size)
    PARSERS[f"{_limit}inline-size"] = values.renamed(f"{_limit}width", values.size)
for _extent in ("width", "height"):
    PARSERS[_extent] = PARSERS[f"max-{_extent}"] = PARSERS[f"min-{_extent}"] = values.size
UNKNOWN: dict[str, values.Value] = {
    "display": "none", "visibility": "hidden", "opacity": 0.0, "font-size": ZERO, "color": TRANSPARENT, "width": ZERO,
    "height": ZERO, "max-width": ZERO, "max-height": ZERO, "zoom": 0.01,
    "-webkit-text-fill-color": TRANSPARENT,
}  # fmt: skip
"""What a value counts as that holds functions not worked out here: what is not understood is not shown."""
LONGHANDS = {
    "animation": animations.LONGHANDS,
    "background": ("background-color", "background-image", "background-clip"),
    "font": ("font-size", "line-height"),
    "overflow": ("overflow-x", "overflow-y"),
    "inset": SIDES,
    "margin": tuple(f"margin-{side}" for side in SIDES),
    "padding": tuple(f"padding-{side}" for side in SIDES),
    "list-style": ("list-style-type",),
}
