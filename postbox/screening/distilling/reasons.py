"""The vocabulary of distilling: why text was hidden, and what else is worth a note.

Decides the words only. It never judges an element.
"""

from __future__ import annotations

from enum import StrEnum


class HiddenReason(StrEnum):
    """Why a stretch of text is not painted."""

    DISPLAY_NONE = "display_none"
    VISIBILITY = "visibility"
    OPACITY = "opacity"
    FONT_SIZE = "font_size"
    COLOUR = "colour"
    COVERED = "covered"
    OFF_SCREEN = "off_screen"
    CLIPPED = "clipped"
    ZERO_BOX = "zero_box"
    HIDDEN_ATTRIBUTE = "hidden_attribute"
    NOT_RENDERED = "not_rendered"
    COMMENT = "comment"
    INVISIBLE_UNICODE = "invisible_unicode"
    ALTERNATIVE = "alternative"
    NOT_JUDGED = "not_judged"


class Note(StrEnum):
    """What a reader of the result should know beside the text."""

    ALTERNATIVE_MISMATCH = "alternative_mismatch"
    HTML_CUT = "html_cut"
    BOUND_REACHED = "bound_reached"
    STYLES_NOT_JUDGED = "styles_not_judged"
