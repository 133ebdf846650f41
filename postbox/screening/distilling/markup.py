"""HTML text before it is parsed: what the parser would read otherwise than a browser is written plainly.

Decides what is changed, how much of the text the parser may see, and whether the page is in quirks mode. It never
builds a tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html import escape
from typing import NamedTuple

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


class Markup(NamedTuple):
    """What the parser is given: the text, the tags that carry ``x-`` before their name, whether there may be sheets,
    whether a dark page is asked for."""

    html: str
    renamed: tuple[str, ...]
    sheets: bool
    dark: bool


def as_browsers_read(html: str) -> Markup:
    """The text with what the parser would read otherwise than a browser written plainly.

    Browsers go on after ``</html>``, take no element for closed by ``/>``, and keep blocks inside some elements that
    the parser would close before them. Each is looked for first, since most mail has none of it.
    """
    lower = _small_letters(html)
    tags = _TELLING_TAGS(lower)
    if "<frameset" in tags or "<![cdata[" in tags:
        html = _without_frames(_data_as_text(html, lower))
        lower = _small_letters(html)
        tags = _TELLING_TAGS(lower)
    html = _in_one_body(html, lower, tags)
    if "/>" in html:
        html = _without_self_closing(html)
    dark = "color-scheme" in lower and any(map(_is_dark, _SCHEME(lower)))
    sheets = "<style" in tags or "<link" in tags
    names: tuple[str, ...] = ()
    if sheets or "style" in lower or ("hidden" in lower and _HIDDEN_ATTRIBUTE(lower)):
        names = (*_FORMATTING, *_HOLDERS) if sheets or _STYLED(lower) else ()
        if "<form" in tags and (sheets or _STYLED_LIST(lower)):
            names = (*names, *_LISTS)
        if "<table" in tags:
            around = _before_tables(lower)
            links = [match[2] for match in around if match[1] == "a"]
            names = (*names, "a") if any("style" in one or (sheets and "class" in one) for one in links) else names
            if len(links) < len(around) and in_quirks_mode(html):
                html = _PARAGRAPH_AROUND_TABLE(_kept_paragraph, html)
    if names:
        return Markup(_renamed(html, names), (*names, "p"), sheets, dark)
    return Markup(html, ("p",) if "<x-p" in html else (), sheets, dark)


def _without_frames(html: str) -> str:
    """Where a set of frames comes before any content, nothing of the page is painted."""
    found = _FRAMES_FIRST(html)
    return f"{html[: found.end() - 9]}<template{html[found.end() :]}" if found else html


_FRAMES_FIRST = re.compile(
    r"(?>(?:\s++|<!--(?>(?:[^-]++|-(?!->))*)-->|<(?:!|/)[^>]*+>|<(?:title|style|script)\b[^>]*+>(?>(?:[^<]++|<(?!/))*)"
    r"|<(?:html|head|meta|link|base|p|div|span|b|i|u|center|font)\b[^>]*+>)*)<frameset",
    re.I,
).match


def _data_as_text(html: str, lower: str) -> str:
    """CDATA is text in drawings and formulas, and a comment elsewhere."""
    parts: list[str] = []
    at = 0
    while (start := lower.find("<![cdata[", at)) >= 0 and len(parts) < _MOST_DATA:
        end = lower.find("]]>", start)
        end = len(html) if end < 0 else end
        parts.append(html[at:start])
        inner = html[start + 9 : end]
        foreign = any(lower.rfind(f"<{tag}", 0, start) > lower.rfind(f"</{tag}", 0, start) for tag in ("svg", "math"))
        parts.append(escape(inner) if foreign else html[start : end + 3])
        at = end + 3
    return "".join(parts) + html[at:]


_MOST_DATA = 100


def _small_letters(html: str) -> str:
    """``html`` with A to Z in small letters and every character in its place, for patterns of ASCII."""
    return html.lower() if html.isascii() else html.encode("latin-1", "replace").lower().decode("latin-1")


_SCHEME = re.compile(r"<meta\s[^<>]{0,200}color-scheme[^<>]{0,200}>").findall


def _is_dark(meta: str) -> bool:
    return "dark" in meta and "light" not in meta


_TELLING_TAGS = re.compile(r"<(?:/(?:html|body|head)|html|body|head|frameset|style|link|form|table|!\[cdata\[)").findall
"""What decides whether any of the rest has to be looked for."""


def _in_one_body(html: str, lower: str, tags: list[str]) -> str:
    for name in ("<html", "<body"):
        if name in tags and (tags.count(name) > 1 or not _NO_CONTENT(lower, 0, lower.find(name))):
            html = _merged(html, name[1:])
            lower = _small_letters(html)
    ends = [lower.find(name) for name in ("</html", "</body") if name in tags]
    if ends:
        first = min(ends)
        rest = _ENDS("", html[first:])
        if _COMMENTS("", rest).strip():
            html = html[:first] + rest
    if "<body" not in tags and "<frameset" not in tags and ("<head" not in tags or "</head" in tags):
        head = _HEAD(html)
        if head is not None:
            start = "<body>" if "<head" in tags else "<head></head><body>"
            html = f"{html[: head.end()]}{start}{html[head.end() :]}"
    return html


_NO_CONTENT = re.compile(
    r"(?>(?:\s++|<!--(?>(?:[^-]++|-(?!->))*)-->|<(?:title|style|script)\b[^>]*+>(?>(?:[^<]++|<(?!/))*)"
    r"|<(?:!|\?|/?(?:html|head|meta|link|base|title|style|script|noscript)\b)[^>]*+>)*)"
).fullmatch


def _merged(html: str, name: str) -> str:
    """Later tags of the body or the root only add attributes to the first."""
    tags = re.compile(rf"<{name}(?=[\s/>])([^<>]{{0,2000}})>", re.I)
    attributes = " ".join(match.rstrip("/") for match in tags.findall(html)[:20])
    html = tags.sub("", html)
    at = _DOCTYPE_ONLY(html) if name == "html" else _HEAD(html)
    end = at.end() if at else 0
    return f"{html[:end]}<{name} {attributes}>{html[end:]}"


_DOCTYPE_ONLY = re.compile(r"\s*<!doctype[^>]{0,500}>", re.I).match
_HEAD = re.compile(
    r"(?:\s*<!doctype[^>]{0,500}>)?(?:\s*<html\b[^>]{0,500}>)?(?:\s*<head\b.*?</head\s*>)?", re.I | re.S
).match
_COMMENTS = re.compile(r"<!--(?>(?:[^-]++|-(?!->))*)-->").sub
_ENDS = re.compile(r"</(?:html|body)\b[^>]{0,50}>", re.I).sub


def _without_self_closing(html: str) -> str:
    """Elements that are not void stay open after ``/>``."""
    parts: list[str] = []
    written = start = 0
    end = html.find("/>")
    while end >= 0:
        at = html.rfind("<", start, end)
        if at >= 0 and not html.startswith(_VOID, at) and _NOT_VOID(html, at, end):
            parts.append(html[written:end])
            written = end + 1
        start = end + 2
        end = html.find("/>", start)
    return "".join(parts) + html[written:] if parts else html


_VOID = ("<br", "<img", "<meta", "<hr", "<link", "<input")
"""What is void for certain, and no start of the name of anything else that is looked for."""


_NOT_VOID = re.compile(
    r"<(?:div|p|span|b|i|u|s|a|font|td|th|tr|table|center|h[1-6]|li|ul|ol|em|strong|small|pre|blockquote|section|label"
    r"|form|article|header|footer|main|nav|button|big|tt|strike)(?:\s[^<>]{0,1000})?\Z",
    re.I,
).match
_FORMATTING = ("b", "i", "u", "s", "big", "small", "tt", "strike")
_HOLDERS = ("h1", "h2", "h3", "h4", "h5", "h6", "pre", "address")
_STYLED = re.compile(rf"<(?:{'|'.join((*_FORMATTING, *_HOLDERS))})[\s/]+[^>]{{0,300}}(?:style|hidden)").search
_LISTS = ("ul", "ol", "dl", "menu", "dir")
_STYLED_LIST = re.compile(rf"<(?:{'|'.join(_LISTS)})[\s/]+[^>]{{0,300}}(?:style|hidden)").search
_HIDDEN_ATTRIBUTE = re.compile(r"hidden(?<=[\s/\"']hidden)[\s/=>]").search
_JUST_BEFORE = re.compile(r"<([ap])\s([^<>]{0,400}+)>[^<]{0,500}+<table").match
_PARAGRAPH_AROUND_TABLE = re.compile(r"<p(\s[^<>]{0,400}+>[^<]{0,500}+<table)", re.I).sub
_HIDES_OR_COLOURS = re.compile(r"none|hidden|opacity|transparent|-\d{3}|:\s*[.01]|color", re.I).search


def _before_tables(lower: str) -> list[re.Match[str]]:
    """The tags of links and paragraphs that stand just before a table."""
    found = []
    at = lower.find("<table")
    while at > 0:
        before = lower.rfind("<", 0, at)
        if lower.startswith(_LINK_OR_PARAGRAPH, before) and (match := _JUST_BEFORE(lower, before)):
            found.append(match)
        at = lower.find("<table", at + 6)
    return found


_LINK_OR_PARAGRAPH = ("<a", "<p")


def _kept_paragraph(match: re.Match[str]) -> str:
    return f"<x-p{match[1]}" if _HIDES_OR_COLOURS(match[1]) else match[0]


def _renamed(html: str, names: tuple[str, ...]) -> str:
    """The tags of these names with ``x-`` before the name."""
    return _tags(names)(lambda match: match[0] + "x-", html)


@cache
def _tags(names: tuple[str, ...]) -> Callable[[Callable[[re.Match[str]], str], str], str]:
    """Writes anew the start of tags of these names, up to the name; letters in both cases are found faster than letters
    in any, and names by their first letter faster than all of them."""
    rest: dict[str, list[str]] = {}
    for name in names:
        rest.setdefault(name[0], []).append("".join(f"[{sign}{sign.upper()}]" for sign in name[1:]))
    either = "|".join(f"[{first}{first.upper()}](?:{'|'.join(some)})" for first, some in rest.items())
    return re.compile(rf"<(?=/?(?:{either})[\s/>])/?").sub


def bounded(html: str) -> int:
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
