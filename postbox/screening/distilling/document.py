"""HTML text to a tree, as a browser reads it and within bounds.

Decides what is parsed and which style sheets hold. It never fetches anything and never runs a script.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from postbox.screening.distilling.bounding import bounded
from postbox.screening.distilling.data_urls import style_text
from postbox.screening.distilling.limits import Overrun
from postbox.screening.distilling.media import media_applies
from postbox.screening.distilling.tree import Element, Tree, build


class Document(NamedTuple):
    """A tree; whether all of it was parsed; its style sheets, None where it cannot be told which of them hold; whether
    it asks for a dark page.
    """

    tree: Tree
    whole: bool
    sheets: list[str] | None
    dark: bool


def parse(html: str) -> Document:
    """The tree of a mail's HTML."""
    end = bounded(html)
    tree = build(html[:end].encode("utf-8", "replace"))
    if any(element.tag == "frameset" for element in tree.telling):
        tree = build(_FRAMES("<template", html[:end], 1).encode("utf-8", "replace"))
    whole = tree.whole and end == len(html)
    if not tree.telling:
        return Document(tree, whole, [], False)
    for element in tree.telling:
        if element.tag == "template":
            _hide_host(element)
    dark = any(_asks_for_dark(element) for element in tree.telling if element.tag == "meta")
    try:
        return Document(tree, whole, _style_sheets(tree.telling), dark)
    except Overrun:
        return Document(tree, whole, None, dark)


_FRAMES = re.compile("<frameset", re.I).sub
"""Of a page of frames nothing is painted, and a parser drops its words: in a template they are kept as hidden ones."""


def _hide_host(template: Element) -> None:
    """What stands in the host of a shadow tree is painted where its slots and sheets say: taken for not painted."""
    host = template.parent
    if "shadowrootmode" not in template.attrib or host is None:
        return
    if next(template.iter("slot"), None) is None or next(template.iter("style"), None) is not None:
        host.tag = "template"


def _asks_for_dark(meta: Element) -> bool:
    said = meta.get("content", "").lower()
    return meta.get("name", "").strip().lower() == "color-scheme" and "dark" in said and "light" not in said


def _style_sheets(telling: list[Element]) -> list[str]:
    """The text of the style sheets that hold for a screen and stand in the mail itself, in document order."""
    found: list[str] = []
    preferred = ""
    for element in telling:
        if element.tag == "link":
            text = _linked(element)
        elif element.tag == "style":
            kind = element.get("type", "").strip().lower() or "text/css"
            text = "".join(element.itertext()) if kind == "text/css" else ""
        else:
            continue
        if not text or not media_applies(element.get("media", "")) or _inert(element):
            continue
        title = element.get("title", "")
        if title and preferred and title != preferred:
            continue
        preferred = preferred or title
        found.append(text)
    return found


def _linked(element: Element) -> str:
    names = element.get("rel", "").lower().split()
    if "stylesheet" not in names or "alternate" in names or element.get("disabled") is not None:
        return ""
    return style_text(element.get("href", ""))


def _inert(element: Element) -> bool:
    """Whether it stands where nothing is rendered from."""
    return any(above.tag in {"template", "noembed", "noframes", "iframe"} for above in element.iterancestors())
