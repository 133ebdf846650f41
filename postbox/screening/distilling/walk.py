"""One pass down the tree: each text node is painted or it is not.

Decides, for every text in document order, whether the styles above it let it be seen. It needs no recursion, and it stops at
its deadline with what it has, all of which has been judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml.etree import _Comment, _Element

from postbox.screening.distilling.cascade import Cascade
from postbox.screening.distilling.elements import CLOSERS, OPENERS, SILENT, UNRENDERED_TEXT
from postbox.screening.distilling.findings import Findings
from postbox.screening.distilling.invisible import Invisible
from postbox.screening.distilling.limits import HIDDEN_CHARACTERS, Deadline, Overrun
from postbox.screening.distilling.page import Page
from postbox.screening.distilling.reasons import HiddenReason
from postbox.screening.distilling.style import ROOT, Style, derive
from postbox.screening.distilling.writer import Writer

_STEPS_BETWEEN_LOOKS = 512
_EMPTY: Iterator[_Element] = iter(())


@dataclass(slots=True)
class Frame:
    """An open element: its children still to come, its style, and the style of text directly inside it."""

    children: Iterator[_Element]
    style: Style
    element: _Element
    tag: str
    text_style: Style
    list_number: int | None = None
    link_place: int = -1


@dataclass(slots=True)
class Walk:
    """The state of one pass; ``stopped`` says that the deadline or the output limit ended it early."""

    cascade: Cascade
    page: Page
    deadline: Deadline
    writer: Writer = field(default_factory=Writer)
    findings: Findings = field(default_factory=Findings)
    invisible: Invisible = field(default_factory=Invisible)
    frames: list[Frame] = field(default_factory=list)
    stopped: bool = False
    _derived: dict[tuple[int, str, int], tuple[Style, Style, object]] = field(default_factory=dict)

    def run(self, root: _Element) -> None:
        """Walks the tree below and including ``root``, to its end or until a bound is reached."""
        try:
            self._run(root)
        except Overrun:
            self.stopped = True

    def _run(self, root: _Element) -> None:
        frames = self.frames
        self._enter(root, ROOT)
        steps = 0
        while frames:
            frame = frames[-1]
            child = next(frame.children, None)
            if child is None:
                self._leave(frames.pop())
                continue
            steps += 1
            if not steps % _STEPS_BETWEEN_LOOKS and (self.writer.full or self.deadline.passed()):
                self.stopped = True
                return
            if not self._enter(child, frame.style) and child.tail:
                self.paint(child.tail, frame.text_style)

    def _enter(self, element: _Element, parent: Style) -> bool:
        """Opens an element; true when its tail waits for its end, since it has been pushed."""
        tag = element.tag
        if not isinstance(tag, str):
            if isinstance(element, _Comment) and element.text:
                self._comment(element.text)
            return False
        if tag in SILENT:
            if tag in UNRENDERED_TEXT:
                self.hide_subtree(element, HiddenReason.NOT_RENDERED)
            return False
        attributes = element.items()
        style = self._style(element, tag, attributes, parent)
        if style.gone:
            self.hide_subtree(element, style.gone)
            return False
        frame = Frame(iter(element), style, element, tag, style)
        opener = OPENERS.get(tag)
        if opener is not None:
            opener(self, frame)
        elif style.display != "inline":
            self._edge(style)
        self.frames.append(frame)
        if element.text:
            self.paint(element.text, frame.text_style)
        return True

    def _style(self, element: _Element, tag: str, attributes: list[tuple[str, str]], parent: Style) -> Style:
        declared = self.cascade.declared(element, tag, attributes)
        key = (id(parent), tag, id(declared))
        known = self._derived.get(key)
        if known is None:
            # The tuple keeps parent and mapping alive, so that their ids stay theirs.
            known = self._derived[key] = (derive(parent, tag, declared, self.page), parent, declared)
            if tag == "body":
                self.page.text = known[0].colour
        return known[0]

    def _edge(self, style: Style) -> None:
        """The edge of an element without a habit of its own."""
        if style.display == "table-cell":
            self.writer.cell()
        elif not style.display.startswith("inline"):
            self.writer.block(1)

    def _leave(self, frame: Frame) -> None:
        closer = CLOSERS.get(frame.tag)
        if closer is not None:
            closer(self, frame)
        elif frame.style.display != "inline":
            self._edge(frame.style)
        if frame.element.tail and self.frames:
            self.paint(frame.element.tail, self.frames[-1].text_style)

    def paint(self, text: str, style: Style) -> None:
        """Text in an element of this style: to the writer or to what is hidden."""
        if style.reason is not None:
            self.findings.hide(style.reason, text)
            return
        if not text.isascii():
            text = self.invisible.strip(text)
        if text.isspace() and style.white_space[:3] != "pre":
            self.writer.text(text)
            return
        self.findings.shown()
        if style.white_space[:3] == "pre" or style.white_space == "break-spaces":
            self.writer.preformatted(text)
        else:
            self.writer.text(text)

    def hide_subtree(self, element: _Element, reason: HiddenReason) -> None:
        """Everything textual below an element that is not painted, within bounds."""
        if not len(element):
            if element.text:
                self.findings.hide(reason, element.text)
            return
        parts, size = [], 0
        for node in element.iter():
            if node.tag in {"script", "style"}:
                continue
            for part in (node.text if isinstance(node.tag, str) else None, node.tail if node is not element else None):
                if part and not part.isspace():
                    parts.append(part)
                    size += len(part)
            if size > 2 * HIDDEN_CHARACTERS:
                break
        self.findings.hide(reason, " ".join(parts))

    def _comment(self, text: str) -> None:
        if any(character.isalpha() for character in text[:200]):
            self.findings.hide(HiddenReason.COMMENT, text[: 2 * HIDDEN_CHARACTERS])
