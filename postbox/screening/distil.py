"""Distil a mail: the text that a person reading it would see, and beside it what was hidden and why.

Decides what is visible, by the cascade and the box rules of ``postbox.screening.distilling``; the yardstick is what
headless Chromium paints. It never fetches anything, never runs a script, and never shows what it could not judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from postbox.mail.parsed import Distilled, Hidden, Link, ParsedMail
from postbox.screening.distilling import limits
from postbox.screening.distilling.alternative import unshown_sentences
from postbox.screening.distilling.bounding import in_quirks_mode
from postbox.screening.distilling.document import Document, parse
from postbox.screening.distilling.invisible import Invisible
from postbox.screening.distilling.layout.needs import wide_tables
from postbox.screening.distilling.layout.placing import take_out_unseen
from postbox.screening.distilling.limits import Deadline, Overrun
from postbox.screening.distilling.page import styles_for
from postbox.screening.distilling.reasons import HiddenReason, Note
from postbox.screening.distilling.tree import COMMENT, Tree
from postbox.screening.distilling.walk import Walk

__all__ = ["distil_html", "distil_mail", "distil_text"]

_URL_REST = re.compile(r"[^\s<>\"'\\^`{|}]{1,2048}").match


def distil_mail(parsed: ParsedMail) -> Distilled:
    """The visible text of a mail: of its HTML body if it has one, else of its plain text."""
    if not parsed.html.strip():
        return distil_text(parsed.text)
    shown = distil_html(parsed.html)
    if not parsed.text.strip():
        return shown
    beside = [image.alt for image in shown.images] + [item.text for item in shown.hidden]  # told of by itself
    missing = unshown_sentences(parsed.text, shown.text, parsed.subject, *beside)
    if not missing:
        return shown
    said = Hidden(str(HiddenReason.ALTERNATIVE), " ".join(missing)[: limits.HIDDEN_CHARACTERS])
    return Distilled(
        shown.text, shown.truncated, (*shown.hidden, said), shown.links, shown.images,
        (*shown.notes, str(Note.ALTERNATIVE_MISMATCH)),
    )  # fmt: skip


def distil_text(text: str) -> Distilled:
    """Plain text as a reader sees it: without invisible characters, cut at the limit."""
    invisible = Invisible()
    whole = len(text)
    text = text[: limits.TEXT_BYTES]
    if not text.isascii():
        text = invisible.strip(text)
        octets = text.encode("utf-8", "replace")
        if len(octets) > limits.TEXT_BYTES:
            text, whole = octets[: limits.TEXT_BYTES].decode("utf-8", "ignore"), limits.TEXT_BYTES + 1
    links: tuple[Link, ...] = ()
    if "://" in text:
        found = dict.fromkeys(url.rstrip(".,;:!?)]") for url in _urls(text))
        links = tuple(Link(url, url) for url in list(found)[: limits.LINKS])
    return Distilled(text.strip("\n"), whole > limits.TEXT_BYTES, _invisible_entry(invisible), links)


def _urls(text: str) -> Iterator[str]:
    """Web addresses, found by their colons: a pattern would look at every place of the text."""
    end, colon = 0, text.find("://")
    while colon >= 0:
        before = text[max(end, colon - 5) : colon].lower()
        scheme = 5 if before == "https" else 4 if before.endswith("http") else 0
        end = colon + 3
        if scheme and (rest := _URL_REST(text, end)):
            end = rest.end()
            yield text[colon - scheme : end]
        colon = text.find("://", end)


def distil_html(html: str) -> Distilled:
    """The visible text of HTML, bounded in size and time; what lies beyond a bound is never shown unjudged.

    Where time ran out it is tried once more: a collection of Python's garbage, which no mail is to blame for, can take
    most of it.
    """
    deadline = Deadline()
    found = _distilled(html, deadline)
    return _distilled(html, Deadline()) if deadline.passed() else found


def _distilled(html: str, deadline: Deadline) -> Distilled:
    notes: list[str] = []
    if len(html) > limits.HTML_CHARACTERS:
        html = html[: limits.HTML_CHARACTERS]
        notes.append(str(Note.HTML_CUT))
    html = html.removeprefix("\ufeff")  # a mark of byte order, which a browser takes off
    document = parse(html)
    try:
        return _told(document, _walked(html, document, deadline), notes)
    finally:
        document.tree.release()


def _told(document: Document, walk: Walk | None, notes: list[str]) -> Distilled:
    if not document.whole:
        notes.append(str(Note.BOUND_REACHED))
    if walk is None:
        return _unjudged(document.tree, notes)
    if walk.stopped and document.whole:
        notes.append(str(Note.BOUND_REACHED))
    text = walk.writer.result()
    hidden = walk.findings.hidden() + _invisible_entry(walk.invisible)
    return Distilled(
        text,
        bool(notes) or walk.writer.full,
        hidden,
        tuple(walk.findings.links),
        tuple(walk.findings.images),
        tuple(notes),
    )


def _walked(html: str, document: Document, deadline: Deadline) -> Walk | None:
    """What is painted of a tree; None where its styles are beyond any bound."""
    root = document.tree.root
    if document.sheets is None:
        return None
    try:
        cascade, page = styles_for(document.sheets, in_quirks_mode(html), document.dark, deadline)
        cascade.begin(root)
        walk = Walk(cascade, page, deadline)
        walk.run(root)
        if not walk.places_matter and not wide_tables(one for one in document.tree.telling if one.tag == "table"):
            return walk
        unseen, legible = take_out_unseen(root, cascade, walk.page, deadline)
    except Overrun:
        return None
    if unseen or legible:
        walk = Walk(cascade, walk.page, deadline, legible)
        walk.findings.take(unseen)
        walk.run(root)
    return walk


def _invisible_entry(invisible: Invisible) -> tuple[Hidden, ...]:
    said = invisible.report()
    return (Hidden(str(HiddenReason.INVISIBLE_UNICODE), said[: limits.HIDDEN_CHARACTERS]),) if said else ()


def _unjudged(tree: Tree, notes: list[str]) -> Distilled:
    """Styles beyond any bound: whatever they would have hidden is not known, so nothing is shown."""
    parts: list[str] = []
    size = 0
    for element in tree.elements:
        told = element.text if element.tag not in {"script", "style", COMMENT} else ""
        for text in (told, element.tail):
            parts.append(text or "")
            size += len(text or "")
        if size > limits.HIDDEN_TOTAL:
            break
    words = " ".join(" ".join(parts).split())[: limits.HIDDEN_TOTAL]
    hidden = (Hidden(str(HiddenReason.NOT_JUDGED), words),) if words else ()
    return Distilled(truncated=True, hidden=hidden, notes=(*notes, str(Note.STYLES_NOT_JUDGED)))
