"""Elements with a habit of their own: what each does to the text when it opens and closes.

Decides breaks, markers, cells, links and the text of form controls. It never decides visibility by style.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from postbox.screening.distilling.data_urls import transparent_gif
from postbox.screening.distilling.drawings import covered_texts, other_actions, textless
from postbox.screening.distilling.options import disabled, option_text, options, painted
from postbox.screening.distilling.reasons import HiddenReason
from postbox.screening.distilling.svg_texts import judge
from postbox.screening.distilling.tree import Element
from postbox.screening.distilling.words import words

if TYPE_CHECKING:
    from postbox.screening.distilling.frames import Frame
    from postbox.screening.distilling.walk import Walk

UNRENDERED_TEXT = frozenset(
    words(
        """
    title template noframes noembed iframe video audio datalist metadata desc defs symbol rp meter progress
    annotation annotation-xml mphantom clippath mask pattern marker filter lineargradient radialgradient rect circle
    ellipse line polyline polygon path fencedframe option textpath
    frameset
    """
    )
)
SILENT = UNRENDERED_TEXT | frozenset(
    words(
        """
    script style meta link base param area basefont frame !--
    """
    )
)
"""Elements that paint no text, whatever their style, and comments."""

Habit = Callable[["Walk", "Frame"], None]
CELL = -1
"""The edge of a table cell; other edges are the line ends that ``Writer.block`` takes, and 0 is none."""
_APART = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "dl", "hr", "figure", "fieldset"])
_OWN_EDGE = frozenset(["ul", "ol", "menu", "dir", "li", "blockquote"])
_WITH_VALUE = frozenset({"submit", "reset", "button", "text", "email", "search", "tel", "url", "number", ""})


def covers(element: Element) -> bool:
    """Whether a picture that stands in the mail itself hides what lies under it; other pictures are never fetched."""
    if element.tag == "svg":
        return any(_fills(rect) for rect in element.iter("rect"))
    if element.tag != "img":
        return False
    source = (element.get("src") or "")[:400].strip()
    if source[:11].lower() == "data:image/" and source[11:14].lower() == "gif":
        return not transparent_gif(source)
    return source[:13].lower() == "data:image/jp"


def _fills(rect: Element) -> bool:
    """Whether a rectangle paints over all of its drawing."""
    fill = rect.get("fill", "black").lower()
    around = rect.parent
    extents = [
        (rect.get(name, "").removesuffix("px"), around.get(name, "-").removesuffix("px") if around is not None else "-")
        for name in ("width", "height")
    ]
    full = all(own in {"100%", outer} for own, outer in extents)
    return full and fill not in {"none", "transparent"} and "opacity" not in rect.attrib and "style" not in rect.attrib


def edge_of(tag: str, display: str) -> int:
    """What an element does to the lines around it at its start and at its end."""
    if display == "table-cell":
        return CELL
    if display.startswith("inline") or display == "contents" or tag in _OWN_EDGE:
        return 0
    return 2 if tag in _APART else 1


def close_link(walk: Walk, element: Element, place: int) -> None:
    """The text of a link is what was written since it opened, at this place of the output."""
    url = element.attrib.get("href")
    if url and url[0] != "#":
        shown = walk.writer.since(place)
        if shown or next(element.iter("img"), None) is not None:
            walk.findings.link(shown, url)


def _image(walk: Walk, frame: Frame) -> None:
    alt = frame.element.get("alt")
    if alt and not frame.style.unseen:
        walk.findings.image(alt)


def _open_quote(walk: Walk, frame: Frame) -> None:
    walk.writer.quote(+1)


def _close_quote(walk: Walk, frame: Frame) -> None:
    walk.writer.quote(-1)


def _open_list(walk: Walk, frame: Frame) -> None:
    frame.list_number = None
    if frame.tag == "ol":
        start = frame.element.get("start", "1")[:6]
        frame.list_number = int(start) if start.isascii() and start.isdigit() else 1
    walk.writer.block(1 if _nested(walk) else 2)


def _nested(walk: Walk) -> bool:
    return any(outer.tag == "li" for outer in walk.frames)


def _close_list(walk: Walk, frame: Frame) -> None:
    walk.writer.block(1 if _nested(walk) else 2)


def _close_item(walk: Walk, frame: Frame) -> None:
    walk.writer.block(1)


def _open_item(walk: Walk, frame: Frame) -> None:
    if frame.style.reason is not None or frame.display != "list-item":
        walk.writer.block(1)
        return
    marker, depth = "- ", 0
    for outer in reversed(walk.frames):
        if outer.tag in {"ul", "ol", "menu", "dir"}:
            if not depth and outer.list_number is not None:
                marker = f"{outer.list_number}. "
                outer.list_number += 1
            depth += 1
    walk.writer.mark("  " * max(0, min(depth, 8) - 1) + marker if frame.style.bullets else "")


def _open_details(walk: Walk, frame: Frame) -> None:
    """Closed, it shows its first summary and nothing else."""
    if frame.element.get("open") is not None and not _closed_by_another(frame.element):
        return
    shown = next((child for child in frame.element.children if child.tag == "summary"), None)
    walk.unshown.update(child for child in frame.element.children if child is not shown)
    frame.style = replace(frame.style, reason=HiddenReason.NOT_RENDERED)


def _closed_by_another(details: Element) -> bool:
    """Of those with one name only the first is open."""
    name = details.get("name")
    if not name:
        return False
    *_, root = details.iterancestors()
    alike = (one for one in root.iter("details") if one.get("name") == name and "open" in one.attrib)
    return next(alike, details) is not details


def _open_select(walk: Walk, frame: Frame) -> None:
    """A closed list shows one option; an open one (``multiple``, ``size``) shows them all."""
    element = frame.element
    size = element.get("size", "1")
    if element.get("multiple") is not None or size not in {"", "0", "1"}:
        for option in painted(options(element)):
            walk.writer.block(1)
            walk.paint(option_text(option, listed=True), frame.style)
        walk.writer.block(1)
        frame.closed = True
        return
    found = options(element)
    chosen = [option for option in found if option.get("selected") is not None][-1:]
    chosen = chosen or [option for option in found if not disabled(option)][:1]
    for option in found:
        text = option_text(option)
        if option in chosen:
            walk.paint(" " + text + " ", frame.style)
        else:
            walk.findings.hide(HiddenReason.NOT_RENDERED, text)
    frame.closed = True
    frame.style = replace(frame.style, reason=HiddenReason.NOT_RENDERED)


def _input(walk: Walk, frame: Frame) -> None:
    kind = frame.element.get("type", "").lower()
    value = frame.element.get("value") or ""
    if kind == "image":
        _image(walk, frame)
    elif kind == "hidden":
        walk.findings.hide(HiddenReason.HIDDEN_ATTRIBUTE, value)
    elif kind == "number" and not _NUMBER(value):
        _placeholder(walk, frame)
    elif value and (kind in _WITH_VALUE or kind not in _WITHOUT_TEXT):
        walk.paint(f" {value} ", frame.style)
    elif kind in _WITH_VALUE or kind not in _WITHOUT_TEXT:
        _placeholder(walk, frame)


def _placeholder(walk: Walk, frame: Frame) -> None:
    text = frame.element.get("placeholder") or ""
    if walk.cascade.placeholders:
        walk.findings.hide(HiddenReason.NOT_RENDERED, text)
    else:
        walk.paint(f" {text} ", frame.style)


_NUMBER = re.compile(r"[-+0-9.eE]*").fullmatch
_WITHOUT_TEXT = frozenset(
    {"checkbox", "radio", "password", "file", "range", "color", "date", "time", "month", "week", "datetime-local"}
)


def _apart(walk: Walk, frame: Frame) -> None:
    """Ruby stands above its base, not in one word with it."""
    walk.writer.gap = True


def _textarea(walk: Walk, frame: Frame) -> None:
    """Its placeholder, while it is empty."""
    if not (frame.element.text or "").strip():
        _placeholder(walk, frame)


def _object(walk: Walk, frame: Frame) -> None:
    """The fallback of an object is painted unless its data stands in the mail itself."""
    data = (frame.element.get("data") or "").strip().lower()
    if data.startswith("data:") or (not data and (frame.element.get("type") or "").lower().startswith(_OWN_CONTENT)):
        walk.hide_subtree(frame.element, HiddenReason.NOT_RENDERED)
        frame.closed = True
        frame.style = replace(frame.style, reason=HiddenReason.NOT_RENDERED)


_OWN_CONTENT = ("image/", "text/")


def _drawing(walk: Walk, frame: Frame) -> None:
    """Texts over which shapes are painted are not seen."""
    walk.unshown.update(covered_texts(frame.element))
    if frame.element.parent is None or next(frame.element.iterancestors("svg"), None) is None:
        walk.unshown.update(judge(frame.element))


def _formula(walk: Walk, frame: Frame) -> None:
    """Text stands in the elements of a formula that are made for it, not between them."""
    if frame.tag == "math":
        walk.unshown.update(textless(frame.element))
    if frame.style.reason is None:
        frame.style = replace(frame.style, reason=HiddenReason.NOT_RENDERED)


def _within_formula(walk: Walk, frame: Frame) -> None:
    if next(frame.element.iterancestors("math"), None) is not None:
        _formula(walk, frame)


def _action(walk: Walk, frame: Frame) -> None:
    walk.unshown.update(other_actions(frame.element))


HABITS: dict[str, tuple[Habit, Habit | None]] = {
    "blockquote": (_open_quote, _close_quote),
    **dict.fromkeys(("ul", "ol", "menu", "dir"), (_open_list, _close_list)),
    "li": (_open_item, _close_item),
    "details": (_open_details, None),
    "select": (_open_select, None),
    "input": (_input, None),
    "object": (_object, None),
    "rt": (_apart, _apart),
    "svg": (_drawing, None),
    "maction": (_action, None),
    "math": (_formula, None),
    **dict.fromkeys(("mspace", "mprescripts", "none", "mglyph", "malignmark"), (_within_formula, None)),
    "textarea": (_textarea, None),
}
"""What is done when an element opens and when it closes."""
