"""Words of a text: of lists that are written as text, so that they stay readable, and of attributes.

Decides what is white space to HTML and CSS, which is less than to Python.
"""

from __future__ import annotations

import re

SPACE = " \t\n\f\r"
"""White space (Infra Standard, section 4.6); every other character can be part of a name."""
_OTHER_SPACE = re.compile(rf"[^\S{SPACE}]")
_OTHER_SPACE_OUTSIDE = re.compile(
    rf"(?s:\"(?>(?:[^\"\\\n]++|\\.)*)\"?|'(?>(?:[^'\\\n]++|\\.)*)'?|/\*.*?(?:\*/|\Z))|(?P<other>[^\S{SPACE}])"
)
_CONTROLS = "\v\x1c\x1d\x1e\x1f"
_TOKENS = re.compile(rf"[^{SPACE}]+").findall


def words(text: str) -> list[str]:
    """The words of a text that is set out over lines."""
    return text.split()


def tokens(value: str) -> list[str]:
    """The names in an attribute such as ``class``."""
    return value.split() if value.isprintable() else _TOKENS(value)


def css_spaced(css: str) -> str:
    """CSS in which white space to Python is white space to CSS: other such characters, which can be part of a name,
    become another, but for those in strings."""
    if css.isascii():
        if not any(control in css for control in _CONTROLS):
            return css
    elif not _OTHER_SPACE.search(css):
        return css
    return _OTHER_SPACE_OUTSIDE.sub(lambda match: "\ufffd" if match["other"] else match[0], css)
