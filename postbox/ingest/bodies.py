"""Which parts of a mail are its text, which its HTML and which are attached.

Decides as a mail client does, by the algorithm of RFC 8621 (JMAP for Mail) section 4.1.4, save that
everything which is not text is listed as attached. It never decodes anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postbox.ingest.parts import Part

PLAIN, HTML = "text/plain", "text/html"


@dataclass(slots=True)
class Selection:
    """What a reader of text sees, what one of HTML sees (plain parts among it), and the rest, in order."""

    text: list[Part]
    html: list[Part]
    attached: list[Part]


def select(root: Part) -> Selection:
    """Sorts the leaves of a mail."""
    text: list[Part] = []
    html: list[Part] = []
    _sort((root,), "mixed", False, text, html)
    shown = {id(part) for part in (*text, *html)}
    attached = [leaf for leaf in leaves(root) if id(leaf) not in shown]
    return Selection([part for part in text if part.content_type == PLAIN], html, attached)


def leaves(part: Part) -> Iterator[Part]:
    """The leaves below a part in document order."""
    if part.children is None:
        yield part
        return
    for child in part.children:
        yield from leaves(child)


def _sort(
    parts: tuple[Part, ...], kind: str, alternative: bool, text: list[Part] | None, html: list[Part] | None
) -> None:
    """A list that is None takes nothing: inside an alternative, each side has its own parts only."""
    text_before, html_before = len(text or ()), len(html or ())
    for index, part in enumerate(parts):
        if part.children is not None:
            below = part.content_type.partition("/")[2]
            _sort(part.children, below, alternative or below == "alternative", text, html)
        elif _is_body(part, index, kind):
            if kind == "alternative":
                _append(text if part.content_type == PLAIN else html, part)
                continue
            if alternative:
                html = None if part.content_type == PLAIN else html
                text = None if part.content_type == HTML else text
            _append(text, part)
            _append(html, part)
    if kind == "alternative" and text is not None and html is not None:
        text_new, html_new = text[text_before:], html[html_before:]
        if html_new and not text_new:
            text.extend(html_new)
        if text_new and not html_new:
            html.extend(text_new)


def _append(parts: list[Part] | None, part: Part) -> None:
    if parts is not None:
        parts.append(part)


def _is_body(part: Part, index: int, kind: str) -> bool:
    if part.content_type not in (PLAIN, HTML) or part.disposition == "attachment":
        return False
    return index == 0 or (kind != "related" and not part.is_named)
