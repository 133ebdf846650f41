"""From a tree of elements to what cannot be seen of it for where it lies.

Decides nothing itself: it joins boxes, flow, order and sight. The hidden words are taken out of the tree.
"""

from __future__ import annotations

from typing import Any

from postbox.screening.distilling.cascade import PSEUDOS, Cascade, key_of
from postbox.screening.distilling.computed import Style
from postbox.screening.distilling.layout.boxes import Box, build
from postbox.screening.distilling.layout.flow import Flow
from postbox.screening.distilling.layout.order import strokes
from postbox.screening.distilling.layout.sight import look
from postbox.screening.distilling.limits import Deadline, Overrun
from postbox.screening.distilling.page import Page
from postbox.screening.distilling.reasons import HiddenReason
from postbox.screening.distilling.style import derive
from postbox.screening.distilling.tree import Element


def take_out_unseen(
    root: Element, cascade: Cascade, page: Page, deadline: Deadline
) -> tuple[list[tuple[HiddenReason, str]], set[str]]:
    """Hidden words with reasons, and texts that a box behind them makes legible. Raises Overrun."""

    looked = 0
    known: dict[tuple[Style, object], tuple[Style, str, dict[str, Any]]] = {}

    def styled(element: Element, parent: Style) -> tuple[Style, str, dict[str, Any]]:
        nonlocal looked
        looked += 1
        if not looked % 32 and deadline.passed():
            raise Overrun
        tag = element.tag
        declared, key = cascade.declared(element, tag, key_of(element, tag))
        found = known.get((parent, key))
        if found is None:
            found = known[parent, key] = derive(parent, tag, declared, page)
        return found

    def pseudo(_element: Element, box: Box) -> list[Box | None]:
        made: list[Box | None] = []
        for name in PSEUDOS:
            declared = box.declared.get(f"::{name}")
            if declared is None:
                made.append(None)
                continue
            style, display, declared = derive(box.style, "", declared, page)
            made.append(Box(style, display, declared, box) if style.gone is None else None)
        return made

    top = build(root, page.outermost, styled, pseudo)
    Flow(top, deadline)
    return look(strokes(top), deadline)
