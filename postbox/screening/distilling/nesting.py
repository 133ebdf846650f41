"""How far HTML may be parsed: a parser's work can grow with the square of what is open, and its tree beyond memory.

Decides where to stop, by a model of the parser that never takes an element for closed that may still be open: end tags
close what was opened last, rows and cells close each other in their table (HTML Living Standard, section 13.2.6). It
never builds a tree.
"""

from __future__ import annotations

import re
from collections import Counter

from postbox.screening.distilling.words import words

ATTRIBUTE = (
    r"[ \t\n\f\r/]*+[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+"
    r"(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+(?:\"[^\"]*+\"?|'[^']*+'?|[^ \t\n\f\r>\"'][^ \t\n\f\r>]*+)?)?"
)
CLOSE = r"[ \t\n\f\r/]*+(?:>|\Z)"
_PLAIN = '(?>(?:[^<>"\'=]{1,60}(?<=[^ \t\n\f\r/])="[^"]*+")*)[^<>"\'=]*+>'
"""The rest of a tag as most are written, which is read faster."""
_TOKENS = re.compile(
    r"<!--(?:-?>|(?>(?:[^-]++|-(?!-!?>))*)(?:--!?>)?)|<(?:!(?P<data>\[[cC][dD][aA][tT][aA]\[)?|\?|/(?![a-zA-Z]))[^>]*+>?"
    rf"|<(?P<end>/?)(?P<name>[a-zA-Z][^ \t\n\f\r/>]*+)(?:{_PLAIN}|(?>(?:{ATTRIBUTE})*){CLOSE})"
)
_VOID = frozenset(
    words("area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr")
)
_VOID_ANYWHERE = frozenset({"br", "embed", "hr", "img", "meta"})
"""Void in drawings and formulas too: there others stay open, unless their tags say otherwise."""
_ONCE = frozenset({"html", "body", "head"})
_RAW = frozenset(words("title textarea style script xmp iframe noembed noframes plaintext"))
_FORMATTING = frozenset(words("a b big code em font i nobr s small strike strong tt u"))
_ENDS_PARAGRAPH = frozenset(
    words(
        """
    address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3
    h4 h5 h6 header hr li dd dt main menu nav ol p pre section ul
    """
    )
)
_CELLS = frozenset({"td", "th", "caption"})
_ROWS = _CELLS | {"tr"}
_GROUPS = _ROWS | {"tbody", "thead", "tfoot"}
_TABLE = _GROUPS | {"table"}
_CLOSED_BEFORE = {
    **dict.fromkeys(_CELLS, _CELLS), "tr": _ROWS, **dict.fromkeys(("tbody", "thead", "tfoot"), _GROUPS),
    "table": frozenset({"table"}),
}  # fmt: skip
"""What a start tag of a table closes, however much is open in it."""
_ENDED_BY = {"li": {"li"}, "dd": {"dd", "dt"}, "dt": {"dd", "dt"}, "option": {"option"}}
_OTHER_RULES = frozenset({"template", "svg", "math", "select", "frameset"})
"""In these the tags of tables mean something else."""
_FOREIGN = frozenset({"svg", "math"})
_MOST_ALIKE = 3
"""Of equal formatting elements a browser opens no more again."""
FEW = 800
"""Start tags with which nothing can go wrong: at the worst they make FEW * FEW / 4 elements."""
_MOST_TAGS = 50_000
_MOST_WORK = 4_000_000
_MOST_REOPENED = 60_000
_MOST_MERGED = 16 * 1024
_FEW_MERGED = 8
_MERGED = re.compile(r"<(?i:html|body)\b").findall
"""Tags whose attributes are all given to one element."""
_SHARE_OUT = 8


def tame_end(html: str) -> int:
    """Where the parser has to stop, so that neither its work nor its tree grows beyond measure; mostly at the end."""
    tags = html.count("<")
    if len(html) > _MOST_MERGED and len(_MERGED(html)) > _FEW_MERGED:
        return Nesting().read(html)
    if tags <= FEW or (tags <= 4 * FEW and tags - html.count("</") <= FEW):
        return len(html)
    return Nesting().read(html)


class Nesting:
    """What may be open where reading ended; ``active`` are formatting elements that a browser may open again."""

    def __init__(self) -> None:
        self.open: list[tuple[str, int]] = []
        """Names, each with the number of formatting tags before it."""
        self.active = 0
        self.reopened = 0
        """Elements that may have been made without a start tag of their own."""
        self._formats: list[str] = []
        self._alike: Counter[str] = Counter()
        self._foreign = False
        self._in_form = False
        """Whether the end tag of a form would close one: any that comes first takes that from it."""
        self._sure = True
        """Whether it is known of every table where it ends."""
        self._merged = 0

    @property
    def depth(self) -> int:
        """How deep elements may stand in each other, but for what parsers put into tables by themselves."""
        return len(self.open) + len(self._formats)

    def read(self, html: str) -> int:
        """Reads tags until a bound is reached; where that was."""
        at = work = 0
        for _ in range(_MOST_TAGS):
            start = html.find("<", at)
            if start < 0:
                return len(html)
            token = _TOKENS.match(html, start)
            ends = self._take(token, html) if token else start + 1
            if ends is None:
                return start
            at, work = max(token.end() if token else 0, ends), work + self.depth
            if work > _MOST_WORK or self.reopened > _MOST_REOPENED or self._merged > _MOST_MERGED:
                return start
        return at

    def _take(self, token: re.Match[str], html: str) -> int | None:
        """Takes in one tag; where the text of an element without markup ends, None where only a parser can tell."""
        name = (token["name"] or "").lower()
        if not name:
            return None if token["data"] and self._foreign else 0
        if name in _ONCE:
            self._merged += len(token[0])
        elif token["end"]:
            self._end(name)
        elif name in _RAW:
            end = _raw_end(html, token.end(), name)
            return None if self._foreign and "<" in html[token.end() : end] else end
        else:
            self._foreign = self._foreign or name in _FOREIGN
            self._start(name, token[0])
        if name not in _FORMATTING:
            self.reopened += self.active
        return 0

    def _start(self, name: str, tag: str) -> None:
        top = self._top()
        if (name in _ENDS_PARAGRAPH and top == "p") or (top in _ENDED_BY.get(name, ()) and not self._foreign):
            self._pop(len(self.open) - 1)
        if name in _TABLE:
            self._close(_CLOSED_BEFORE[name], around=_CELLS if name == "table" else frozenset())
        if name in _VOID and not (self._foreign and name not in _VOID_ANYWHERE and tag[-2:] != "/>"):
            return
        self.open.append((name, len(self._formats)))
        self._in_form |= name == "form"
        if name in _FORMATTING:
            self._formats.append(tag)
            self._alike[tag] += 1
            self.active += self._alike[tag] <= _MOST_ALIKE

    def _end(self, name: str) -> None:
        if name in _TABLE:
            self._close(frozenset({name}))
        elif self._top() == name and (name != "form" or self._in_form):
            self._pop(len(self.open) - 1)
        elif name in _FORMATTING:
            self.reopened += _SHARE_OUT
        self._in_form &= name != "form"

    def _top(self) -> str:
        return self.open[-1][0] if self.open else ""

    def _close(self, names: frozenset[str], around: frozenset[str] = frozenset()) -> None:
        """Closes the outermost of these in the innermost table, and all in it, unless something of ``around`` holds it
        open; outside of tables these tags mean nothing."""
        found = -1
        for place in range(len(self.open) - 1, -1, -1):
            name = self.open[place][0]
            if name in names:
                found = place
            if name == "table":
                if found >= 0 and self._sure:
                    self._pop(found)
                return
            if name in around:
                return
            if name in _OTHER_RULES:
                self._sure = False
                return

    def _pop(self, place: int) -> None:
        """Closes what is open from this place on. Formatting elements end with the cell that they stand in, or by an
        end tag where none has come after them; all others may be opened again."""
        gone = self.open[place:]
        del self.open[place:]
        before = next((before for name, before in gone if name in _CELLS), -1)
        if before < 0 and gone[0][0] in _FORMATTING and gone[0][1] + 1 == len(self._formats):
            before = gone[0][1]
        if before >= 0:
            for tag in self._formats[before:]:
                self.active -= self._alike[tag] <= _MOST_ALIKE
                self._alike[tag] -= 1
            del self._formats[before:]


def _raw_end(html: str, at: int, name: str) -> int | None:
    """Where the text of an element without markup ends; None where only a parser can tell."""
    if name == "plaintext":
        return len(html)
    found = re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.I).search(html, at)
    end = found.start() if found else len(html)
    if name == "script" and "<!--" in (said := html[at:end].lower()) and "<script" in said:
        return None
    return end
