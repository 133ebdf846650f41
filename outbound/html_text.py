"""The text part of a mail of which only the HTML was given.

Decides where its lines end (at blocks, not at every tag), and that a link's address and an image's alternative stand in
the text, since whoever reads it sees nothing else. HTML of more tags than a letter has gives its bare words:
beautifulsoup4 takes some 20 µs for each.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from postbox.screening.dlp.markup import as_text

if TYPE_CHECKING:
    from bs4 import Tag

MOST_TAGS = 10_000
# What a run of white space holds while the text is put together, and a space of ``pre``.
_BREAK, _LINE, _GAP, _KEPT = "\x1c", "\x1e", "\x1d", "\ue000"
_WHITE = re.compile(r"\s+")
_MARKS = (
    dict.fromkeys(("article", "caption", "dd", "div", "dt", "footer", "header", "hr", "li", "section", "tr"), _LINE)
    | dict.fromkeys(("blockquote", "dl", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre"), _GAP)
    | {"br": _BREAK, "table": _GAP, "td": " ", "th": " ", "ul": _GAP}
)
_UNSEEN = {"head", "script", "style", "template", "title"}
_LINKED = ("http:", "https:", "mailto:", "tel:")
_SHORT = 20  # parts of a link's words that are held against its address


def text_of(html: str) -> str:
    """The words of HTML, for those who read no HTML: lines of a paragraph together, paragraphs apart."""
    if html.count("<") > MOST_TAGS:
        return as_text(html)
    from bs4 import BeautifulSoup  # 60 ms and 5 MB that most processes never need

    words = "".join(_parts(BeautifulSoup(html.replace(_KEPT, ""), "lxml")))
    return _WHITE.sub(_white, words).replace(_KEPT, " ").strip()


def _parts(root: Tag) -> list[str]:
    """Words and marks in their order. By a stack: tags may be nested deeper than calls."""
    from bs4 import CData, Tag
    from bs4.element import NavigableString

    parts: list[str] = []
    stack: list[Any] = [root]
    kept = 0
    while stack:
        item = stack.pop()
        if isinstance(item, Tag):
            if item.name in _UNSEEN:
                continue
            parts.append(_begin(item))
            stack.append((item, len(parts)))
            stack += reversed(item.contents)
            kept += item.name == "pre"
        elif isinstance(item, tuple):
            tag, begun = item
            parts.append(_end(tag, parts, begun))
            kept -= tag.name == "pre"
        elif type(item) in (NavigableString, CData):
            parts.append(item.replace("\r", "").replace("\n", _BREAK).replace(" ", _KEPT) if kept else item)
    return parts


def _begin(tag: Tag) -> str:
    if tag.name == "img":
        return f" {tag.get('alt') or ''} "
    return f"{_LINE}- " if tag.name == "li" else _MARKS.get(tag.name, "")


def _end(tag: Tag, parts: list[str], begun: int) -> str:
    if tag.name == "a":
        return _target(str(tag.get("href") or "").strip(), "".join(parts[begun : begun + _SHORT]).strip())
    return "" if tag.name == "br" else _MARKS.get(tag.name, "")


def _target(target: str, words: str) -> str:
    """A link's address, where its words are not that already."""
    if not target.lower().startswith(_LINKED) or words in {target, target.partition(":")[2].lstrip("/")}:
        return ""
    return f" ({target})" if words else target


def _white(found: re.Match[str]) -> str:
    """What a run of white space and marks becomes: a gap between paragraphs, a line's end or a space."""
    run = found[0]
    if _GAP in run or run.count(_BREAK) > 1:
        return "\n\n"
    return "\n" if _LINE in run or _BREAK in run else " "
