"""A list of words written as text, so that long lists of names stay readable.

Decides nothing.
"""

from __future__ import annotations


def words(text: str) -> list[str]:
    """The words of a text that is set out over lines."""
    return text.split()
