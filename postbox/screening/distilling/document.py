"""HTML text to a tree, as leniently as a browser and within bounds.

Decides what is parsed and whether the page is in quirks mode. It never fetches anything and never runs a script.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import cache

from lxml import etree
from lxml.etree import _Element

from postbox.screening.distilling.data_urls import style_text
from postbox.screening.distilling.media import media_applies

_DOCTYPE = re.compile(r"\s*(?:<!--[^>]{0,2000}-->\s*|<\?[^>]{0,500}>\s*)?<!doctype\s+html([^>]{0,500})>", re.I).match
_QUIRKY = re.compile(
    r"-//(?:w3c//dtd html (?:3|4\.0 |2|experimental)|ietf//|netscape|microsoft|w3o|softquad|webtechs|sun micro)"
    r"|^[\s\"']*html"
    r"|w3c//dtd html 4\.01 (?:transitional|frameset)//[^\"']*[\"']\s*$",
    re.I,
).search
_ATTRIBUTE = r"[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"?|'[^']*+'?|[^\s>\"'][^\s>]*+)?)?"
_CLOSE = r"[\s/]*+(?:>|\Z)"
_ORDINARY = re.compile(
    rf"(?>(?:[^<]++|</?[^a-zA-Z!]|</[a-zA-Z]"
    r"|<(?!(?i:script|style)\b)[a-zA-Z](?>(?:[^<>\"'=]{1,24}(?<=[^\s/])=\"[^\"<>]*+\"){0,20})[^<>\"']{0,60}+>"
    rf"|<(?!(?i:script|style)\b)[a-zA-Z][^\s/>]*+(?>(?:{_ATTRIBUTE}){{0,80}}){_CLOSE}"
    r"|<!--(?>(?:[^-]++|-(?!->))*)(?:-->)?|<!|</!|<\Z|</\Z"
    r"|(?i:<script\b[^>]*+>(?>(?:[^<]++|<(?!/script))*)|<style\b[^>]*+>(?>(?:[^<]++|<(?!/style))*)))*)"
).match
_CROWDED = re.compile(rf"<[a-zA-Z][^\s/>]*+(?>(?:{_ATTRIBUTE}){{0,600}}){_CLOSE}").match
_QUOTED_SIGN = re.compile(r"=\s*+(?:\"[^\"<>]*+[<>]|'[^'<>]*+[<>])").search
_LONG = re.compile(r"<[a-zA-Z][^>]{158}").search
_FEW_ATTRIBUTES = re.compile(rf"<[a-zA-Z][^\s/>]*+(?>(?:{_ATTRIBUTE}){{0,80}}){_CLOSE}").match
"""The parser's time grows with the square of a tag's attributes: 80 are ordinary, few tags may have more."""
_CROWDED_TAGS = 64
_SMALL = 12 * 1024
_DEEP = 1_000
_TOO_DEEP = etree.ErrorTypes.ERR_RESOURCE_LIMIT
_local = threading.local()


def parse(html: str) -> tuple[_Element | None, bool]:
    """The root element of a mail's HTML, None when there is nothing in it to read, and whether all of it was parsed."""
    html, renamed = _as_browsers_read(html)
    end = _bounded(html)
    whole = end == len(html)
    octets = html[:end].replace("\x00", "\ufffd").encode("utf-8", "replace")
    if not octets.strip():
        return None, whole
    parser = getattr(_local, "parser", None)
    if parser is None:
        parser = _local.parser = etree.HTMLParser(
            encoding="utf-8", huge_tree=True, recover=True, no_network=True, remove_pis=True
        )
    try:
        root = etree.fromstring(octets, parser)
    except (etree.XMLSyntaxError, AssertionError):
        return None, False
    if renamed:
        for element in root.iter(*(f"x-{tag}" for tag in renamed)):
            element.tag = str(element.tag)[2:]
    _strip_stray_cells(root)
    if octets.count(b"<") > _DEEP and any(entry.type == _TOO_DEEP for entry in parser.error_log[-3:]):
        whole = False
    return root, whole


def _as_browsers_read(html: str) -> tuple[str, tuple[str, ...]]:
    """The text with what the parser would read otherwise than a browser written plainly, and the renamed tags.

    Browsers go on after ``</html>``, take no element for closed by ``/>``, and keep blocks inside some elements that
    the parser would close before them. Each is looked for first, since most mail has none of it.
    """
    html = _in_one_body(html, _small_letters(html))
    if "/>" in html:
        html = _without_self_closing(html)
    lower = _small_letters(html)
    styled = "style" in lower or "class" in lower or "hidden" in lower
    names: tuple[str, ...] = ()
    if styled and ("<style" in lower or "stylesheet" in lower or _STYLED_FORMATTING(lower)):
        names = _FORMATTING
    if "none" in lower or "hidden" in lower or "opacity" in lower or "font-size" in lower:
        names = (*_FORMATTING, *_HOLDERS) if _HIDDEN_HOLDER(lower) else names
        names = (*names, "a") if any(map(_HIDING, _LINK_AROUND_TABLE(lower))) else names
    if styled and _STYLED_PARAGRAPH(lower) and in_quirks_mode(html):
        html = _PARAGRAPH_AROUND_TABLE(_kept_paragraph, html)
    if names:
        return _renamed(html, names), (*names, "p")
    return html, ("p",) if "<x-p" in html else ()


def _small_letters(html: str) -> str:
    """``html`` with A to Z in small letters and every character in its place, for patterns of ASCII."""
    return html.lower() if html.isascii() else html.encode("latin-1", "replace").lower().decode("latin-1")


def _in_one_body(html: str, lower: str) -> str:
    ends = [at for at in (lower.find("</html"), lower.find("</body")) if at >= 0]
    if ends and (rest := _ENDS("", html[min(ends) :]).strip()) and not rest.startswith("<!--"):
        html = _ENDS("", html)
    if "<body" not in lower and "<frameset" not in lower and ("<head" not in lower or "</head" in lower):
        at = _HEAD(html)
        if at is not None:
            html = f"{html[: at.end()]}<body>{html[at.end() :]}"
    return html


_HEAD = re.compile(
    r"(?:\s*<!doctype[^>]{0,500}>)?(?:\s*<html\b[^>]{0,500}>)?(?:\s*<head\b.*?</head\s*>)?", re.I | re.S
).match
_ENDS = re.compile(r"</(?:html|body)\b[^>]{0,50}>", re.I).sub


def _without_self_closing(html: str) -> str:
    """Elements that are not void stay open after ``/>``."""
    parts = html.split("/>")
    for index, part in enumerate(parts[:-1]):
        at = part.rfind("<")
        parts[index] = part + (">" if at >= 0 and _NOT_VOID(part, at) else "/>")
    return "".join(parts)


_NOT_VOID = re.compile(
    r"<(?:div|p|span|b|i|u|s|a|font|td|th|tr|table|center|h[1-6]|li|ul|ol|em|strong|small|pre|blockquote|section|label"
    r"|form|article|header|footer|main|nav|button|big|tt|strike)(?:\s[^<>]{0,1000})?\Z",
    re.I,
).match
_FORMATTING = ("b", "i", "u", "s", "big", "small", "tt", "strike")
_HOLDERS = ("h1", "h2", "h3", "h4", "h5", "h6", "pre", "address")
_STYLED_FORMATTING = re.compile(rf"<(?:{'|'.join(_FORMATTING)})[\s/]+[^>]{{0,200}}(?:style|class|id|hidden)").search
_HIDES = r"(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0|font-size\s*:\s*0)"
_HIDDEN_HOLDER = re.compile(rf"<(?:h[1-6]|pre|address)\s[^<>]{{0,300}}{_HIDES}").search
_HIDING = re.compile(_HIDES).search
_LINK_AROUND_TABLE = re.compile(r"<a\s([^<>]{0,400})>\s{0,200}<table").findall
_STYLED_PARAGRAPH = re.compile(r"<p\s[^<>]{0,400}>\s{0,200}<table").search
_PARAGRAPH_AROUND_TABLE = re.compile(r"<p(\s[^<>]{0,400}>\s{0,200}<table)", re.I).sub
_HIDES_OR_COLOURS = re.compile(r"none|hidden|opacity|transparent|-\d{3}|:\s*[.01]|color", re.I).search


def _kept_paragraph(match: re.Match[str]) -> str:
    return f"<x-p{match[1]}" if _HIDES_OR_COLOURS(match[1]) else match[0]


def _renamed(html: str, names: tuple[str, ...]) -> str:
    """The tags of these names with ``x-`` before the name."""
    opening, closing = _tags(names)
    return closing("</x-", opening("<x-", html))


@cache
def _tags(names: tuple[str, ...]) -> tuple[Callable[[str, str], str], Callable[[str, str], str]]:
    """Replace the start of tags of these names; letters in both cases are found faster than letters in any."""
    either = "|".join("".join(f"[{sign}{sign.upper()}]" for sign in name) for name in names)
    opening, closing = (re.compile(rf"{start}(?=(?:{either})[\s/>])") for start in ("<", "</"))
    return opening.sub, closing.sub


_CELLS = ("td", "th", "tr", "tbody", "thead", "tfoot", "caption")
_AROUND_CELLS = frozenset({"tr", "tbody", "thead", "tfoot", "table"})


def _strip_stray_cells(root: _Element) -> None:
    """Browsers ignore the tags of cells and rows outside a table, and so their attributes."""
    for element in list(root.iter(*_CELLS)):
        parent = element.getparent()
        if parent is None or parent.tag in _AROUND_CELLS:
            continue
        if not any(above.tag == "table" for above in element.iterancestors()):
            element.tag = "span"
            element.attrib.clear()


def _bounded(html: str) -> int:
    """Where the first tag stands that has too many attributes for the parser; the length if there is none."""
    if len(html) <= _SMALL or _surely_ordinary(html):
        return len(html)
    at = 0
    for _ in range(_CROWDED_TAGS + 1):
        ordinary = _ORDINARY(html, at)
        at = ordinary.end() if ordinary else at
        crowded = _CROWDED(html, at) if at < len(html) else None
        if not crowded:
            break
        at = crowded.end()
    return at


def _surely_ordinary(html: str) -> bool:
    """Whether no tag can have too many attributes: tags end at the first ``>``, and the few long ones are counted."""
    if _QUOTED_SIGN(html):
        return False
    at = 0
    while long := _LONG(html, at):
        counted = _FEW_ATTRIBUTES(html, long.start())
        if not counted:
            return False
        at = counted.end()
    return True


def in_quirks_mode(html: str) -> bool:
    """Whether a browser would lay the page out as before the standards (HTML Living Standard, section 13.2.6.4.1)."""
    match = _DOCTYPE(html[:4096])
    return not match or bool(_QUIRKY(match[1]))


def style_sheets(root: _Element) -> list[str]:
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
