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
from postbox.screening.distilling.tree import COMMENT, Element, Tree, build
from postbox.screening.distilling.words import css_spaced, tokens, words


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
    if any(element.tag == "frameset" and element.parent is tree.root for element in tree.telling):
        tree = _unframed(html[:end])
    whole = tree.whole and end == len(html)
    if not tree.telling:
        return Document(tree, whole, [], False)
    _hide_hosts(tree.telling)
    dark = any(_asks_for_dark(element) for element in tree.telling if element.tag == "meta")
    try:
        return Document(tree, whole, _style_sheets(tree.telling), dark)
    except Overrun:
        return Document(tree, whole, None, dark)


def _unframed(html: str) -> Tree:
    """A page of frames: nothing of it is painted, and its words, which a parser drops, are those of one template."""
    tree = build(_FRAMES("<template", html, 1).encode("utf-8", "replace"))
    tree.root.tag = "template"
    return tree


_FRAMES = re.compile("<frameset", re.I).sub


def _hide_hosts(telling: list[Element]) -> None:
    """What stands in the host of a shadow tree is painted where its slots and sheets say: taken for not painted, but
    where the shadow tree is a plain slot."""
    hosts: set[Element] = set()
    for template in telling:
        host = template.parent
        if template.get("shadowrootmode", "").lower() not in {"open", "closed"} or host is None or host in hosts:
            continue
        if template.tag == "template" and (host.tag in _HOSTS or "-" in host.tag):
            hosts.add(host)
            if not _is_plain_slot(template) or any(child.get("slot") for child in host.children):
                host.tag = "template"


_HOSTS = frozenset(
    words("article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span template")
)
"""What can have a shadow tree (DOM Living Standard, section 4.9), and what stands for one that is hidden."""


def _is_plain_slot(template: Element) -> bool:
    return next(template.iterdescendants(), template).tag == "slot" and all(
        one.tag in {"slot", COMMENT} and not one.attrib for one in template.iterdescendants()
    )


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
            kind = element.get("type", "").lower() or "text/css"
            text = _own_text(element) if kind == "text/css" and _markup_of(element) != "math" else ""
        else:
            continue
        if not text or not media_applies(css_spaced(element.get("media", ""))) or _inert(element):
            continue
        title = element.get("title", "")
        if title and preferred and title != preferred:
            continue
        preferred = preferred or title
        found.append(text)
    return found


def _own_text(element: Element) -> str:
    """The texts that stand in an element itself; only in drawings a style sheet has elements between them."""
    return "".join([element.text or "", *(child.tail or "" for child in element.children)])


def _markup_of(element: Element) -> str:
    """``svg`` or ``math`` for an element of a drawing or a formula, which is none of HTML; else empty."""
    below = element
    for above in element.iterancestors():
        if above.tag in {"svg", "math"}:
            return above.tag
        around = next(above.iterancestors("svg", "math"), above).tag
        if around == "svg" and above.tag in {"foreignobject", "desc", "title"}:
            return ""
        if around == "math" and above.tag == "annotation-xml" and _holds_html(above):
            return ""
        if around == "math" and above.tag in _MATH_TEXTS:
            return "math" if below.tag in {"mglyph", "malignmark"} else ""
        below = above
    return ""


_MATH_TEXTS = frozenset({"mi", "mo", "mn", "ms", "mtext"})


def _holds_html(annotation: Element) -> bool:
    return annotation.get("encoding", "").lower() in {"text/html", "application/xhtml+xml"}


def _linked(element: Element) -> str:
    names = tokens(element.get("rel", "").lower())
    if "stylesheet" not in names or "alternate" in names or element.get("disabled") is not None:
        return ""
    if element.get("type", "text/css").partition(";")[0].strip().lower() not in {"", "text/css"} or _markup_of(element):
        return ""
    return style_text(element.get("href", ""))


def _inert(element: Element) -> bool:
    """Whether it stands where nothing is rendered from."""
    return any(above.tag in {"template", "noembed", "noframes", "iframe"} for above in element.iterancestors())
