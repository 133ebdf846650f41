"""Patterns over text that a stranger wrote: RE2 alone, whose time grows with the text and with nothing else.

Decides what a glob and a regular expression of a rule mean: case does not matter in either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

_MEMORY = 1024 * 1024

Test = Callable[[bytes], bool]


class BadPattern(Exception):
    """The pattern is none of RE2's, or takes more than a megabyte to run."""


def check_regex(pattern: str) -> None:
    """Raise BadPattern unless it compiles."""
    regex(pattern)


@lru_cache(1024)
def regex(pattern: str) -> Test:
    """Whether a pattern is found anywhere in UTF-8 text."""
    compiled = _compile(pattern)
    return lambda text: compiled.search(text) is not None


@lru_cache(4096)
def glob(pattern: str) -> Test:
    """Whether the whole of a UTF-8 text fits a glob of ``*`` and ``?``."""
    parts = {"*": "(?s:.*)", "?": "(?s:.)"}
    compiled = _compile("".join(parts.get(sign) or re.escape(sign) for sign in pattern))
    return lambda text: compiled.fullmatch(text) is not None


def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern.encode("utf-8", "replace"), options)
    except re2.error as error:
        said = error.args[0] if error.args else b""
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadPattern(f"Not a regular expression of RE2: {words}.") from None
