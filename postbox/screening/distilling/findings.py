"""What is found beside the text: hidden stretches, links, images, each within its bound.

Decides what is kept of them. It never decides what is hidden.
"""

from __future__ import annotations

from postbox.mail.parsed import Hidden, Image, Link
from postbox.screening.distilling import limits
from postbox.screening.distilling.reasons import HiddenReason


class Findings:
    """Collects in reading order; neighbouring hidden text of one reason is one entry.

    ``open`` is that entry, as long as no visible text has followed.
    """

    __slots__ = ("_entries", "_left", "images", "links", "open")

    def __init__(self) -> None:
        self._entries: list[tuple[HiddenReason, str]] = []
        self.open: tuple[HiddenReason, list[str]] | None = None
        self._left = limits.HIDDEN_TOTAL
        self.links: list[Link] = []
        self.images: list[Image] = []

    def hide(self, reason: HiddenReason, text: str) -> None:
        """Adds a stretch of hidden text; blank text is nothing."""
        if self._left <= 0:
            return
        text = " ".join(text[: 4 * limits.HIDDEN_CHARACTERS].split())
        if not text:
            return
        if self.open and self.open[0] is reason:
            self.open[1].append(text)
        else:
            self.shown()
            self.open = (reason, [text])
        self._left -= len(text)

    def take(self, found: list[tuple[HiddenReason, str]]) -> None:
        """Stretches that were found hidden before the pass, each an entry of its own where the reason changes."""
        for reason, text in found:
            self.hide(reason, text)
        self.shown()

    def shown(self) -> None:
        """Visible text follows: what was hidden before it is an entry of its own."""
        if self.open:
            reason, parts = self.open
            self.open = None
            if len(self._entries) < limits.HIDDEN_ENTRIES:
                self._entries.append((reason, " ".join(parts)[: limits.HIDDEN_CHARACTERS]))

    def link(self, text: str, url: str) -> None:
        if len(self.links) >= limits.LINKS:
            return
        if url := "".join(url[: 2 * limits.URL_CHARACTERS].split())[: limits.URL_CHARACTERS]:
            self.links.append(Link(text[: limits.LINK_TEXT_CHARACTERS], url))

    def image(self, alt: str) -> None:
        alt = " ".join(alt.split())[: limits.ALT_CHARACTERS]
        if alt and len(self.images) < limits.IMAGES:
            self.images.append(Image(alt))

    def hidden(self) -> tuple[Hidden, ...]:
        self.shown()
        return tuple(Hidden(str(reason), text) for reason, text in self._entries)
