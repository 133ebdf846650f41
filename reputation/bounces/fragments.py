"""Tables of fragments, and one pattern from each.

Decides how a table is written: a fragment a line, or several with " | " between them; a line that ends with a backslash
goes on in the next. Text is matched in lower case with one blank for each run of blanks. Gaps in a fragment are
bounded, so that a match takes linear time.
"""

from __future__ import annotations

import re

_GOES_ON = re.compile(r"\\\n\s*")
_BETWEEN = re.compile(r" \| |\n")


def pattern(table: str) -> re.Pattern[str]:
    """One pattern that matches where any fragment of the table does."""
    fragments = [fragment.strip() for fragment in _BETWEEN.split(_GOES_ON.sub("", table))]
    return re.compile("|".join(fragment for fragment in fragments if fragment))


def plain(text: str) -> str:
    """Text as tables are written for."""
    return " ".join(text.lower().replace("’", "'").split())
