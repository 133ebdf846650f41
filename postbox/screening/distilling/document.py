"""HTML text to a tree, as leniently as a browser and within bounds.

Decides what is parsed and which style sheets hold. It never fetches anything and never runs a script.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import NamedTuple

from lxml import etree
from lxml.etree import _Element, _LogEntry

from postbox.screening.distilling.data_urls import style_text
from postbox.screening.distilling.limits import Overrun
from postbox.screening.distilling.markup import as_browsers_read, bounded
from postbox.screening.distilling.media import media_applies

_DEEP = 1_000
_TOO_DEEP = etree.ErrorTypes.ERR_RESOURCE_LIMIT
_local = threading.local()


class Document(NamedTuple):
    """A tree, None when there is nothing in the mail to read; whether all of it was parsed; its style sheets, None
    where it cannot be told which of them hold; what the parser complained of; whether it asks for a dark page.
    """

    root: _Element | None
    whole: bool
    sheets: list[str] | None
    errors: Sequence[_LogEntry]
    dark: bool = False


def parse(html: str) -> Document:
    """The tree of a mail's HTML."""
    html, renamed, sheets, dark = as_browsers_read(html)
    end = bounded(html)
    whole = end == len(html)
    octets = html[:end].replace("\x00", "\ufffd").encode("utf-8", "replace")
    if not octets.strip():
        return Document(None, whole, [], [])
    parser = getattr(_local, "parser", None)
    if parser is None:
        parser = _local.parser = etree.HTMLParser(
            encoding="utf-8", huge_tree=True, recover=True, no_network=True, remove_pis=True
        )
    try:
        root = etree.fromstring(octets, parser)
    except (etree.XMLSyntaxError, AssertionError):
        return Document(None, False, [], [])
    if renamed:
        for element in root.iter(*(f"x-{tag}" for tag in renamed)):
            element.tag = str(element.tag)[2:]
    if root is None:
        return Document(None, whole, [], [])
    _hide_hosts(root)
    errors = parser.error_log
    if any(entry.type == _TOO_DEEP for entry in errors[-3:]) and octets.count(b"<") > _DEEP:
        whole = False
    try:
        found = _style_sheets(root) if sheets else []
    except Overrun:
        return Document(root, whole, None, errors, dark)
    if any(_ASKS_FOR_ROWS(sheet) for sheet in found):
        _wrap_rows(root)
    return Document(root, whole, found, errors, dark)


_ASKS_FOR_ROWS = re.compile(r"tbody|>\s*tr\b", re.I).search


def _wrap_rows(root: _Element) -> None:
    """Rows stand in a ``tbody`` even where none is written; only selectors can tell."""
    for table in list(root.iter("table")):
        body = None
        for child in list(table):
            if child.tag == "tr":
                if body is None:
                    body = etree.Element("tbody")
                    child.addprevious(body)
                body.append(child)
            elif isinstance(child.tag, str):
                body = None


def _hide_hosts(root: _Element) -> None:
    """What stands in the host of a shadow tree is painted where its slots and sheets say: taken for not painted."""
    for inner in list(root.iter("template")):
        host = inner.getparent()
        if "shadowrootmode" not in inner.attrib or host is None:
            continue
        if next(inner.iter("slot"), None) is None or next(inner.iter("style"), None) is not None:
            host.tag = "template"


def _style_sheets(root: _Element) -> list[str]:
    """The text of the style sheets that hold for a screen and stand in the mail itself, in document order."""
    found: list[str] = []
    preferred = ""
    for element in root.iter("style", "link"):
        if element.tag == "link":
            text = _linked(element)
        else:
            kind = (element.get("type") or "text/css").strip().lower()
            text = (element.text or "") if kind == "text/css" else ""
        if not text or not media_applies(element.get("media") or "") or _inert(element):
            continue
        title = element.get("title") or ""
        if title and preferred and title != preferred:
            continue
        preferred = preferred or title
        found.append(text)
    return found


def _linked(element: _Element) -> str:
    names = (element.get("rel") or "").lower().split()
    if "stylesheet" not in names or "alternate" in names or element.get("disabled") is not None:
        return ""
    return style_text(element.get("href") or "")


def _inert(element: _Element) -> bool:
    """Whether it stands where nothing is rendered from."""
    return any(above.tag in {"template", "noembed", "noframes", "iframe"} for above in element.iterancestors())
