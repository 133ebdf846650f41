"""What holds for a whole mail before its first element: quirks mode, the outermost style, and the styles made so far.

Decides what is remembered. Mails without a style sheet share what tags and short attributes mean, since newsletters
repeat it from mail to mail; it is forgotten when it has grown. No text of a mail is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from postbox.screening.distilling.computed import Plan, Style
from postbox.screening.distilling.css_colours import CANVAS_DARK, WHITE

_MOST_PLANS = 5_000
_KEY_CHARACTERS = 300


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


def page_for(quirks: bool, sheets: bool, dark: bool = False) -> Page:
    """A page of its own for a mail with style sheets, else the one that such mails share."""
    if dark:
        return Page(quirks, outermost=Style(colour=WHITE, base=WHITE, backdrop=CANVAS_DARK, ground=CANVAS_DARK, dark=True))
    if sheets:
        return Page(quirks)
    page = _pages[quirks]
    if page.full:
        page = _pages[quirks] = Page(quirks, shared=True)
    return page
