"""Elements closed in another order than they were opened: written as a browser reads them (HTML, 13.2.6.4.7).

Decides where formatting elements that are still open go on after the end of what they stand in, and which end tags are
ignored. Blocks between the ends of a formatting element are closed with it. It never decides what is visible.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from lxml.etree import _LogEntry

from postbox.screening.distilling.words import words

FORMATTING = frozenset(words("a b big code em font i nobr s small strike strong tt u"))
_MARKERS = frozenset(words("td th caption table template button applet object marquee"))
"""What stands outside of these is neither closed nor reopened from inside."""
_VOID = frozenset(
    words("area base basefont br col embed hr img input keygen link meta param source track wbr bgsound frame")
)
_ENDS_PARAGRAPH = frozenset(
    words(
        """
    address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3
    h4 h5 h6 header hr main menu nav ol p pre section ul
    """
    )
)
_SILENT = frozenset(words("script style textarea title xmp iframe noembed noframes"))
_IN_SELECT = frozenset({"option", "optgroup", "select"})
_TOKENS = re.compile(
    r"<!--(?>(?:[^-]++|-(?!->))*)(?:-->)?"
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<rest>(?>(?:[^>\"']++|\"[^\"]*+\"|'[^']*+'|[\"'])*))>",
).finditer
_AT_MOST = 2_000
"""Tags that may be written anew; with more the rest is left out."""
_DEEPEST = 300
_SIBLINGS = frozenset(words("li dd dt option td th tr"))
"""Elements that end where another of them begins."""
_CELLS = frozenset({"td", "th", "tr"})


class Repair:
    """Reads tags in order and writes them as they take effect; ``whole`` says that nothing was left out."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._open: list[tuple[str, str]] = []
        self._written: list[str] = []
        self._at = 0
        self._made = 0
        self.whole = True

    def result(self) -> str:
        """The text with every element closed inside what it was opened in."""
        silent = ""
        for match in _TOKENS(self._html):
            name = (match["name"] or "").lower()
            if not name or (silent and not (match["end"] and name == silent)):
                continue
            silent = name if name in _SILENT and not match["end"] else ""
            self._written.append(self._html[self._at : match.start()])
            self._at = match.end()
            if match["end"]:
                self._close(name, match[0])
            else:
                self._start(name, match[0])
            if self._made > _AT_MOST or len(self._open) > _DEEPEST:
                self.whole = False
                return "".join(self._written)
        return "".join(self._written) + self._html[self._at :]

    def _start(self, name: str, tag: str) -> None:
        if name in _ENDS_PARAGRAPH or name in _SIBLINGS:
            around = next((one for one, _ in reversed(self._open) if one not in FORMATTING), "")
            stray = name in _CELLS and all(one != "table" for one, _ in self._open)
            if around == (name if name in _SIBLINGS else "p") and not stray:
                self._close(around, f"</{around}>")
        self._written.append(tag)
        if name not in _VOID:
            self._open.append((name, tag))

    def _close(self, name: str, tag: str) -> None:
        """Closes the nearest such element; formatting elements inside it go on after it."""
        if any(one[0] == "select" for one in self._open[-3:]) and name not in _IN_SELECT:
            return
        place = len(self._open) - 1
        while place >= 0 and self._open[place][0] != name:
            if self._open[place][0] in _MARKERS and name not in _MARKERS and name not in _TABLE_PARTS:
                place = -1
                break
            place -= 1
        if place < 0:
            if name not in FORMATTING:
                self._written.append(tag)
            return
        inside = self._open[place + 1 :]
        del self._open[place:]
        self._written += [f"</{one}>" for one, _ in reversed(inside)]
        self._written.append(tag)
        if name not in _MARKERS and name not in _TABLE_PARTS:
            again = [one for one in inside if one[0] in FORMATTING]
            self._written += [one for _, one in again]
            self._open += again
            self._made += len(again)


_TABLE_PARTS = frozenset({"tr", "tbody", "thead", "tfoot", "html", "body"})


_QUIET_TAG = re.compile(r"<(/?)(?:x-)?(a|code|em|nobr|strong|b|i|u|s|big|small|tt|strike)(?=[\s/>])", re.I).findall


def misnested(html: str, errors: Iterable[_LogEntry], carried: set[str]) -> bool:
    """Whether any of these elements is closed where a browser would keep it open.

    The parser complains of ``font`` that it closes by itself, of other elements only when their end tag comes later,
    and never of those that are not closed at all.
    """
    for entry in errors:
        outer, _, inner = entry.message.rpartition(": ")[2].rpartition(" and ")
        inner = inner.removeprefix("x-")
        if inner not in carried or outer in _MARKERS or outer in _TABLE_PARTS:
            continue
        if outer or inner != "font":
            return True
    if carried <= {"font", "select"}:
        return False
    tags = Counter(map(str.lower, map("".join, _QUIET_TAG(html))))
    return any(tags[name] > tags[f"/{name}"] for name in carried)
