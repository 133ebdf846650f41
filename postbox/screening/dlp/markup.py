"""HTML's words for looking through: without the tags and entities that may stand inside a number.

Decides nothing about what is visible (distilling does): all text counts.
"""

from __future__ import annotations

from html import unescape

from postbox.lib.linear import compiled

_INSIDE_WORDS = compiled(
    r"</?(?:a|abbr|b|em|font|i|mark|small|span|strong|u|wbr)(?:\s[^<>]*)?>|<!--[^<>]*-->", any_case=True
)
_TAG = compiled(r"<[^<>]*>")
_UNSEEN = compiled(r"(?s)<style\b.*?</style\s*>|<script\b.*?</script\s*>|<head\b.*?</head\s*>", any_case=True)


def words_of(html: str) -> str:
    """The text of HTML, blocks apart from each other; linear in its length."""
    octets = html.encode("utf-8", "replace")
    text = _TAG.sub(b"\n", _INSIDE_WORDS.sub(b"", octets))
    return unescape(text.decode("utf-8", "replace"))


def as_text(html: str) -> str:
    """A mail's HTML as plain text, where its markup cannot be kept: words as they stand, one block a line."""
    octets = _UNSEEN.sub(b"", html.encode("utf-8", "replace"))
    lines = (" ".join(line.split()) for line in words_of(octets.decode("utf-8", "replace")).splitlines())
    return "\n".join(filter(None, lines))
