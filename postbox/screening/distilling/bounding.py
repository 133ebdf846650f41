"""HTML text before it is parsed: how much of it the parser may see, and whether the page is in quirks mode.

It never builds a tree.
"""

from __future__ import annotations

import re

from postbox.screening.distilling.nesting import ATTRIBUTE, CLOSE, tame_end

_SPACED = r"[ \t\n\f\r]*+"
_QUOTED = r"(?>\"[^\">]*+\"|'[^'>]*+')"
_BOGUS = r"<\?[^>]*+>|</[^a-zA-Z>][^>]*+>|<!(?!--|(?i:doctype))[^>]*+>"
_BEFORE = rf"(?>(?:{_SPACED}(?:<!--(?:-?>|(?>(?:[^-]++|-(?!-!?>))*)--!?>)|{_BOGUS}))*)"
_DOCTYPE = re.compile(rf"{_BEFORE}{_SPACED}<!doctype{_SPACED}html(?=[ \t\n\f\r>])([^>]{{0,500}})>", re.I).match
_WELL_FORMED = re.compile(
    rf"{_SPACED}(?:(?:public{_SPACED}{_QUOTED}(?:{_SPACED}{_QUOTED})?|system{_SPACED}{_QUOTED}){_SPACED})?", re.I
).fullmatch
_QUIRKY = re.compile(
    r"-//(?:w3c//dtd html (?:3|4\.0 |2|experimental)|ietf//|netscape|microsoft|w3o|softquad|webtechs|sun micro)"
    r"|^[\s\"']*html"
    r"|w3c//dtd html 4\.01 (?:transitional|frameset)//[^\"']*[\"']\s*$"
    r"|ibm\.com/data/dtd/v11/ibmxhtml1-transitional\.dtd",
    re.I,
).search
_ORDINARY = re.compile(
    rf"(?>(?:[^<]++|<(?!/?[a-zA-Z!])"
    r"|<(?!(?i:script|style)\b)/?[a-zA-Z](?>(?:[^<>\"'=]{1,24}(?<=[^ \t\n\f\r/])=\"[^\"<>]*+\"){0,20})[^<>\"']{0,60}+>"
    rf"|<(?!(?i:script|style)\b)/?[a-zA-Z][^ \t\n\f\r/>]*+(?>(?:{ATTRIBUTE}){{0,80}}){CLOSE}"
    r"|<!--(?>(?:[^-]++|-(?!->))*)(?:-->)?|<!|</!"
    r"|(?i:<script\b[^>]*+>(?>(?:[^<]++|<(?!/script))*)|<style\b[^>]*+>(?>(?:[^<]++|<(?!/style))*)))*)"
).match
_CROWDED = re.compile(rf"</?[a-zA-Z][^ \t\n\f\r/>]*+(?>(?:{ATTRIBUTE}){{0,600}}){CLOSE}").match
_QUOTED_SIGN = re.compile(r"=[ \t\n\f\r]*+(?:\"[^\"<>]*+[<>]|'[^'<>]*+[<>])").search
_LONG = re.compile(r"</?[a-zA-Z][^>]{158}").search
_FEW_ATTRIBUTES = re.compile(rf"</?[a-zA-Z][^ \t\n\f\r/>]*+(?>(?:{ATTRIBUTE}){{0,80}}){CLOSE}").match
"""The parser's time grows with the square of the attributes of a tag, of an end tag too: 80 are ordinary."""
_CROWDED_TAGS = 64
_SMALL = 32 * 1024


def bounded(html: str) -> int:
    """Where the parser has to stop; the length, for all ordinary mail."""
    html = html[: tame_end(html)]
    return len(html) if len(html) <= _SMALL or _surely_ordinary(html) else _crowded(html)


def _crowded(html: str) -> int:
    """Where the first tag stands that has too many attributes for the parser; the length if there is none."""
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
    return not match or not _WELL_FORMED(match[1]) or bool(_QUIRKY(match[1]))
