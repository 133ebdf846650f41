"""A mail's selected parts decoded: its text, its HTML, its attachments.

Decides how several parts of one kind read as one. It never decides which parts those are (`bodies` does).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

from postbox.ingest.bodies import HTML, Selection
from postbox.ingest.defects import Defect
from postbox.ingest.limits import HTML_BYTES, Deadline
from postbox.ingest.parts import Part
from postbox.mail.parsed import AttachmentPart

_CID = re.compile(r"""[cC][iI][dD]:([^"'\s<>)]{1,255})""")


class Contents:
    """The contents of a mail; ``defects`` collects what was wrong, ``deadline`` ends what takes too long."""

    def __init__(self, selection: Selection, defects: set[Defect], deadline: Deadline) -> None:
        self._selection = selection
        self._defects = defects
        self._deadline = deadline

    def text(self) -> str:
        """The plain parts, one after the other."""
        return _joined([self._decoded(part) for part in self._selection.text])

    def html(self) -> str:
        """All that a reader of HTML sees, plain parts between HTML ones included.

        Empty when no part is HTML.
        """
        parts = self._selection.html
        if not any(part.content_type == HTML for part in parts):
            return ""
        texts = [(part, self._decoded(part)) for part in parts]
        if not any(text.strip() for part, text in texts if part.content_type == HTML):
            return ""
        return _joined([text if part.content_type == HTML else _escaped(text) for part, text in texts])

    def attachments(self, markup: str) -> Iterator[tuple[AttachmentPart, bytes]]:
        """The attachments with their octets, in document order.

        ``markup`` is the HTML that may refer to them.
        """
        attached = self._selection.attached
        with_id = any(part.field("content-id") for part in attached)
        names = _CID.findall(markup[:HTML_BYTES]) if with_id else []
        shown = frozenset(unquote(name) for name in names)
        for position, part in enumerate(attached):
            self._deadline.check()
            found, octets, defects = part.attachment(position, shown)
            self._defects.update(defects)
            yield found, octets

    def _decoded(self, part: Part) -> str:
        self._deadline.check()
        text, defects = part.text()
        self._defects.update(defects)
        return text


def _escaped(text: str) -> str:
    # No more HTML than this is ever handled, and escaping makes it longer still.
    return f"<pre>{html.escape(text[:HTML_BYTES], quote=False)}</pre>" if text.strip() else ""


def _joined(texts: list[str]) -> str:
    texts = [text for text in texts if text]
    if len(texts) < 2:
        return "".join(texts)
    return "".join(text if text.endswith("\n") else f"{text}\n" for text in texts)
