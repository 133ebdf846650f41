"""Regular expressions over text that a stranger wrote: RE2 alone, whose time grows with the text and nothing else.

Decides how a pattern is compiled, and that one which takes more than a megabyte to run is none.
"""

from __future__ import annotations

from typing import Any

import re2  # type: ignore[import-untyped]

_MEMORY = 1024 * 1024


class BadPattern(ValueError):
    """The pattern is none of RE2's, or takes more than a megabyte to run."""


def compiled(pattern: str, *, any_case: bool = False, memory: int = _MEMORY) -> Any:
    """The pattern over UTF-8 octets. Raises BadPattern."""
    options = re2.Options()
    options.case_sensitive = not any_case
    options.log_errors = False
    options.max_mem = memory
    try:
        return re2.compile(pattern.encode("utf-8", "replace"), options)
    except re2.error as error:
        said = error.args[0] if error.args else b""
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadPattern(f"Not a regular expression of RE2: {words}.") from None
