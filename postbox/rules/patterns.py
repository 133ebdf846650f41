"""Patterns over text that a stranger wrote: RE2 alone, whose time grows with the text and with nothing else.

Decides what a glob and a regular expression of a rule mean: case does not matter in either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from postbox.lib.linear import BadPattern, compiled

__all__ = ["BadPattern", "Test", "check_regex", "glob", "regex"]

Test = Callable[[bytes], bool]


def check_regex(pattern: str) -> None:
    """Raise BadPattern unless it compiles."""
    regex(pattern)


@lru_cache(1024)
def regex(pattern: str) -> Test:
    """Whether a pattern is found anywhere in UTF-8 text."""
    test = compiled(pattern, any_case=True)
    return lambda text: test.search(text) is not None


@lru_cache(4096)
def glob(pattern: str) -> Test:
    """Whether the whole of a UTF-8 text fits a glob of ``*`` and ``?``."""
    parts = {"*": "(?s:.*)", "?": "(?s:.)"}
    test = compiled("".join(parts.get(sign) or re.escape(sign) for sign in pattern), any_case=True)
    return lambda text: test.fullmatch(text) is not None
