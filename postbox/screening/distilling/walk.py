"""One pass down the tree: each text node is painted or it is not.

Decides, for every text in document order, whether the styles above it let it be seen. It needs no recursion, and it
stops at its deadline with what it has, all of which has been judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from postbox.screening.distilling.cascade import PARTICULAR, TELLING, Cascade, Declared, key_of, particular_key
from postbox.screening.distilling.computed import Plan, Style
from postbox.screening.distilling.drawings import collapsed_rows
from postbox.screening.distilling.elements import CELL, HABITS, SILENT, UNRENDERED_TEXT, close_link, edge_of
from postbox.screening.distilling.findings import Findings
from postbox.screening.distilling.frames import Frame
from postbox.screening.distilling.invisible import Invisible
from postbox.screening.distilling.layout.needs import INSIDE, has_ink, holds_ink, may_cover, needs_places
from postbox.screening.distilling.limits import HIDDEN_CHARACTERS, Deadline, Overrun
from postbox.screening.distilling.page import Page
from postbox.screening.distilling.reasons import HiddenReason
from postbox.screening.distilling.style import derive
from postbox.screening.distilling.tree import COMMENT, Element
from postbox.screening.distilling.writer import Writer

_STEPS_BETWEEN_LOOKS = 256
_LETTER = re.compile(r"[^\W\d_]").search
_TELLING_CHARACTERS = 200
_WITHOUT_CONTENT = SILENT | {"br", "img"}
HABIT, GENERATED, PLACED, LINK, COLLAPSED, CONFINES = 1, 2, 4, 8, 16, 32
"""Flags of a plan: the element has a habit, has pseudo-elements, lies elsewhere than in plain flow, is a link, is a
collapsed column, may cut off or cover text in it."""


class Walk:
    """The state of one pass; ``stopped`` says that a bound ended it early."""

    __slots__ = (
        "cascade", "deadline", "findings", "frames", "invisible", "legible", "page", "places_matter",
        "stopped", "unshown", "writer",
    )  # fmt: skip

    def __init__(self, cascade: Cascade, page: Page, deadline: Deadline, legible: set[str] | None = None) -> None:
        self.cascade = cascade
        self.page = page
        self.deadline = deadline
        self.writer = Writer()
        self.findings = Findings()
        self.invisible = Invisible()
        self.frames: list[Frame] = []
        self.stopped = False
        self.places_matter = False
        self.unshown: set[Element] = set()
        """Elements that what stands around them keeps from being painted."""
        self.legible = legible
        """Texts that stand on another background than that of the elements around them."""

    def run(self, root: Element) -> None:
        """Walks the tree below ``root``, until its end or a bound."""
        try:
            self._run(root)
        except Overrun:
            self.stopped = True

    def _run(self, root: Element) -> None:
        """The pass itself: one loop without calls for plain elements, since mail has hundreds of them.

        ``style`` is that of the open element's children, ``around`` that of text directly inside it; they differ only
        where an element shows some of its children (``details``, ``select``). ``frame`` of a plain link is only where
        its text began. What stands on the stack is an open element and the state outside it; ``rest`` is what of the
        innermost one's children is still to come.
        """
        writer, paint, unshown, left = self.writer, self.paint, self.unshown, _STEPS_BETWEEN_LOOKS
        style = around = self.page.outermost
        edge = 0
        frame: Frame | int | None = None
        stack: list[tuple[Element, Iterator[Element], Style, Style, int, Frame | int | None]] = []
        rest = iter((root,))
        while True:
            for element in rest:
                left -= 1
                if not left:
                    left = self._look()
                tag = element.tag
                if unshown and element in unshown:
                    self.hide_subtree(element, HiddenReason.NOT_RENDERED)
                elif tag in _WITHOUT_CONTENT:
                    if tag == "br":
                        if around.reason is None:
                            writer.breaks += 1
                    elif tag == "img":
                        self._picture(element, style)
                    else:
                        self._pass_over(element)
                else:
                    key: object = tag
                    if attributes := element.attrib:
                        telling: tuple[tuple[str, str], ...] = ()
                        for pair in attributes.items():
                            if pair[0] in TELLING:
                                telling += (pair,)
                        if tag in PARTICULAR:
                            key = particular_key(tag, attributes, telling)
                        elif telling:
                            key = (tag, *telling)
                    plan = style.inside.get(key) or self._plan(element, tag, style, key)
                    inner = plan[0]
                    if inner.gone is None:
                        stack.append((element, rest, style, around, edge, frame))
                        style, around, edge, frame = inner, inner, plan[1], None
                        rest = iter(element.children)
                        if edge:
                            if edge == CELL:
                                writer.tab = True
                            else:
                                writer.tab = False
                                if edge > writer.need:
                                    writer.need = edge
                        if plan[2] == LINK:
                            frame = writer.place
                        elif plan[2]:
                            frame = opened = self._open_habit(element, tag, plan)
                            around = opened.style
                            if opened.closed:
                                rest = iter(())
                        text = element.text
                        if text:
                            if around.collapses and text.isspace():
                                writer.gap = True
                            else:
                                paint(text, around)
                        break
                    if plan[2] & COLLAPSED:
                        unshown.update(collapsed_rows(element))
                    self.hide_subtree(element, inner.gone)
                text = element.tail
                if text:
                    if around.collapses and text.isspace():
                        writer.gap = True
                    else:
                        paint(text, around)
            else:
                if not stack:
                    return
                if edge:
                    if edge == CELL:
                        writer.tab = True
                    else:
                        writer.tab = False
                        if edge > writer.need:
                            writer.need = edge
                element, rest, style, around, edge, outer = stack.pop()
                if frame is not None:
                    if isinstance(frame, int):
                        close_link(self, element, frame)
                    else:
                        self._close_habit(frame)
                frame = outer
                text = element.tail
                if text:
                    if around.collapses and text.isspace():
                        writer.gap = True
                    else:
                        paint(text, around)

    def _pass_over(self, element: Element) -> None:
        """An element that paints no text, or a comment: its words are hidden."""
        tag = element.tag
        if tag in UNRENDERED_TEXT:
            self.hide_subtree(element, HiddenReason.NOT_RENDERED)
            self.places_matter |= tag == "iframe" and "background" in element.get("style", "")
        elif tag == COMMENT and (said := element.text) and _LETTER(said, 0, _TELLING_CHARACTERS):
            self.findings.hide(HiddenReason.COMMENT, said[: 2 * HIDDEN_CHARACTERS])

    def _look(self) -> int:
        """Whether to go on; the number of steps until the next look."""
        if self.writer.full or self.deadline.passed():
            raise Overrun
        return _STEPS_BETWEEN_LOOKS

    def _picture(self, element: Element, parent: Style) -> None:
        """A picture paints no text; its alternative text is kept, and one that stands in the mail may cover text."""
        alt = element.attrib.get("alt")
        if not alt and (self.places_matter or not may_cover(element)):
            return
        key = key_of(element, "img")
        style, edge, flags, _, _ = parent.inside.get(key) or self._plan(element, "img", parent, key)
        if style.gone is not None:
            return
        self.places_matter |= bool(flags & PLACED)
        if edge:
            self.writer.block(edge)
        if alt and not style.unseen:
            self.findings.image(alt)

    def _plan(self, element: Element, tag: str, parent: Style, key: object) -> Plan:
        """Style, edge, habit and display of an element under this parent; remembered if tag and attributes decide."""
        declared, key = self.cascade.declared(element, tag, key)
        if (known := parent.inside.get(key)) is not None:
            return known
        style, display, declared = derive(parent, tag, declared, self.page)
        generated = None
        if self.cascade.pseudos and ("::before" in declared or "::after" in declared):
            generated = (declared.get("::before"), declared.get("::after"))
        flags = LINK if tag == "a" else HABIT if tag in HABITS else 0
        if generated is not None:
            flags |= GENERATED
        if declared.get("visibility") == "collapse" and tag in {"col", "colgroup"}:
            flags |= COLLAPSED
        if style.gone is None:
            flags |= self._place(declared, generated, style.font)
        plan = (style, edge_of(tag, display), flags, display, generated)
        self.page.remember(parent, key, plan)
        return plan

    def _place(self, declared: Declared, generated: tuple[Declared | None, ...] | None, font: float) -> int:
        """The flag that says whether places have to be worked out for an element with these values."""
        where = max(needs_places(one, font) for one in (declared, *(generated or ())) if one is not None)
        return 0 if not where else CONFINES if where == INSIDE and not self.cascade.pseudos else PLACED

    def _open_habit(self, element: Element, tag: str, plan: Plan) -> Frame:
        frame = Frame(element, tag, plan[0], plan[3])
        if plan[2] & PLACED or (plan[2] & CONFINES and not self.places_matter and holds_ink(element)):
            self.places_matter = True
        if plan[2] & GENERATED:
            before, after = plan[4]
            frame.after = self._generated(element, plan[0], after)
            if made := self._generated(element, plan[0], before):
                self._paint_generated(made)
        if plan[2] & LINK:
            frame.link_place = self.writer.place
        if plan[2] & HABIT:
            HABITS[tag][0](self, frame)
        self.frames.append(frame)
        return frame

    def _close_habit(self, frame: Frame) -> None:
        self.frames.pop()
        if frame.after is not None:
            self._paint_generated(frame.after)
        if frame.tag == "a":
            close_link(self, frame.element, frame.link_place)
        habit = HABITS.get(frame.tag)
        if habit is not None and habit[1] is not None:
            habit[1](self, frame)

    def _generated(self, element: Element, parent: Style, declared: Declared | None) -> tuple[str, Style, int] | None:
        """The text of a pseudo-element with its style and edge; None without text."""
        if declared is None:
            return None
        style, display, declared = derive(parent, "", declared, self.page)
        parts = declared.get("content")
        if not isinstance(parts, tuple):
            return None
        text = "".join(part if kind == "text" else element.get(part or "-") or "" for kind, part in parts)
        return (text[:HIDDEN_CHARACTERS], style, edge_of("", display)) if text.strip() else None

    def _paint_generated(self, made: tuple[str, Style, int]) -> None:
        text, style, edge = made
        if edge > 0:
            self.writer.block(edge)
        self.paint(text, style)
        if edge > 0:
            self.writer.block(edge)

    def paint(self, text: str, style: Style) -> None:
        """Text in an element of this style: to the writer or to what is hidden."""
        if style.reason is not None and not (self.legible and text in self.legible):
            self.findings.hide(style.reason, text)
            return
        if style.flat and has_ink(text):
            self.places_matter = True
        if not text.isascii():
            text = self.invisible.strip(text)
        if self.findings.open:
            self.findings.shown()
        (self.writer.text if style.collapses else self.writer.preformatted)(text)

    def hide_subtree(self, element: Element, reason: HiddenReason) -> None:
        """Everything textual below an element that is not painted, within bounds."""
        if not element.children:
            if element.text:
                self.findings.hide(reason, element.text)
            return
        parts, size = [], 0
        for node in element.iter():
            if node.tag in {"script", "style"}:
                continue
            for part in (node.text if node.tag != COMMENT else None, node.tail if node is not element else None):
                if part and not part.isspace():
                    parts.append(part)
                    size += len(part)
            if size > 2 * HIDDEN_CHARACTERS:
                break
        self.findings.hide(reason, " ".join(parts))
