"""Options of a ``select``: which there are, and their text.

Decides from attributes alone; style sheets are not looked at.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from postbox.screening.distilling.tree import COMMENT, Element


def options(select: Element) -> list[Element]:
    """The options of a control, but for elements that only look like one."""
    found = itertools.islice(select.iter("option"), _MOST_OPTIONS)
    return [one for one in found if next(one.iterancestors("select", *_NO_OPTIONS), select) is select]


_MOST_OPTIONS = 1_000
_NO_OPTIONS = ("template", "datalist", "svg", "math", "option")


def disabled(option: Element) -> bool:
    """Whether a reader cannot choose it, so that a closed control does not show it first."""
    group = option.parent
    return "disabled" in option.attrib or (group is not None and group.tag == "optgroup" and "disabled" in group.attrib)


def option_text(option: Element, listed: bool = False) -> str:
    """Its label, or all text in it; in a list, elements in it may be hidden."""
    label = option.get("label")
    if label is not None:
        return label
    parts: list[str] = []
    stack: list[Element | str] = [option]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            parts.append(one)
            continue
        if one is not option:
            stack.append(one.tail or "")
            if one.tag in _UNSAID or (listed and _withheld(one)):
                continue
        stack += one.children[::-1]
        parts.append(one.text or "")
    return " ".join(filter(None, parts))


_UNSAID = frozenset({"template", "script", COMMENT})


def painted(options: list[Element]) -> list[Element]:
    """Options that neither an attribute nor a style of their own takes out; sheets are not looked at."""
    return [one for one in options if not any(map(_withheld, _with_groups(one)))]


def _with_groups(option: Element) -> Iterator[Element]:
    yield option
    yield from itertools.takewhile(lambda above: above.tag != "select", option.iterancestors())


def _withheld(element: Element) -> bool:
    return "hidden" in element.attrib or _taken_out(element.get("style") or "")


_TAKEN_OUT = re.compile(r"display\s*:\s*none|visibility|opacity|font|height|color|transform|clip", re.I).search


def _taken_out(style: str) -> bool:
    return "\\" in style or "/*" in style or bool(_TAKEN_OUT(style))
