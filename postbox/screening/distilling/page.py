"""What holds for a whole mail before its first element: quirks mode, the outermost style, and the styles made so far.

Decides what is remembered. Mails without a style sheet share what tags and short attributes mean, since newsletters
repeat it from mail to mail, and so do mails with the same sheets; it is forgotten when it has grown. No text of a mail
is kept but its sheets.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from postbox.screening.distilling.cascade import Cascade
from postbox.screening.distilling.computed import Plan, Style
from postbox.screening.distilling.css_colours import CANVAS_DARK, WHITE
from postbox.screening.distilling.limits import Deadline

_MOST_PLANS = 5_000
_KEY_CHARACTERS = 300
_KEPT_SHEETS = 24
_KEPT_CHARACTERS = 48 * 1024
_local = threading.local()


@dataclass(slots=True)
class Page:
    """Styles by value, so that equal ones are one object and share what is inside them."""

    quirks: bool = True
    shared: bool = False
    outermost: Style = field(default_factory=Style)
    _styles: dict[object, Style] = field(default_factory=dict)
    _plans: int = 0

    @property
    def full(self) -> bool:
        return self._plans >= _MOST_PLANS

    def one(self, style: Style) -> Style:
        """The first style made with the same values."""
        return self._styles.setdefault(style.values(), style)

    def remember(self, parent: Style, key: object, plan: Plan) -> None:
        """Keeps what an element of this key is inside such a parent; not what is long or too much to share."""
        self._plans += 1
        if not self.shared or (self._plans < _MOST_PLANS and len(str(key)) <= _KEY_CHARACTERS):
            parent.inside[key] = plan


_pages = {quirks: Page(quirks, shared=True) for quirks in (True, False)}


def styles_for(sheets: list[str], quirks: bool, dark: bool, deadline: Deadline) -> tuple[Cascade, Page]:
    """Cascade and page of a mail with these sheets: the mails of one sender mostly have the same. Raises Overrun."""
    if not sheets and not dark:
        return Cascade([], deadline, quirks), _plain_page(quirks)
    known: OrderedDict[object, tuple[Cascade, Page]] = _local.__dict__.setdefault("known", OrderedDict())
    key = (quirks, dark, *sheets)
    found = known.pop(key, None)
    if found is None or found[1].full or not found[0].renew(deadline):
        found = (Cascade(sheets, deadline, quirks), Page(quirks))
        if dark:
            found[1].outermost = Style(colour=WHITE, base=WHITE, backdrop=CANVAS_DARK, ground=CANVAS_DARK, dark=True)
    if sum(map(len, sheets)) <= _KEPT_CHARACTERS:
        known[key] = found
        if len(known) > _KEPT_SHEETS:
            known.popitem(last=False)
    return found


def _plain_page(quirks: bool) -> Page:
    """The page that mails without a sheet share."""
    page = _pages[quirks]
    if page.full:
        page = _pages[quirks] = Page(quirks, shared=True)
    return page
