"""HTML text to a tree, as leniently as a browser and within bounds.

Decides what is parsed and whether the page is in quirks mode. It never fetches anything and never runs a script.
"""

from __future__ import annotations

import re
import threading

from lxml import etree
from lxml.etree import _Element

from postbox.screening.distilling.stylesheet import media_applies

_DOCTYPE = re.compile(r"\s*(?:<!--[^>]{0,2000}-->\s*|<\?[^>]{0,500}>\s*)?<!doctype\s+html([^>]{0,500})>", re.I).match
_QUIRKY = re.compile(
    r"-//(?:w3c//dtd html (?:3|4\.0 |2|experimental)|ietf//|netscape|microsoft|w3o|softquad|webtechs|sun micro)|^[\s\"']*html"
    r"|w3c//dtd html 4\.01 (?:transitional|frameset)//[^\"']*[\"']\s*$",
    re.I,
).search
_local = threading.local()


def parse(html: str) -> _Element | None:
    """The root element of a mail's HTML; None when there is nothing in it that a parser could read."""
    parser = getattr(_local, "parser", None)
    if parser is None:
        parser = _local.parser = etree.HTMLParser(
            encoding="utf-8", huge_tree=True, recover=True, no_network=True, remove_pis=True
        )
    octets = html.replace("\x00", "\ufffd").encode("utf-8", "replace")
    if not octets.strip():
        return None
    try:
        return etree.fromstring(octets, parser)
    except (etree.XMLSyntaxError, AssertionError):
        return None


def in_quirks_mode(html: str) -> bool:
    """Whether a browser would lay the page out as before the standards (HTML Living Standard, section 13.2.6.4.1)."""
    match = _DOCTYPE(html[:4096])
    return not match or bool(_QUIRKY(match[1]))


def style_sheets(root: _Element) -> list[str]:
    """The text of the ``style`` elements that hold for a screen, in document order."""
    found = []
    for element in root.iter("style"):
        kind = (element.get("type") or "text/css").strip().lower()
        if element.text and kind == "text/css" and media_applies(element.get("media") or ""):
            found.append(element.text)
    return found
