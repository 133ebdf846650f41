"""Where a door listens, as an operator writes it.

Decides the form alone; whether the address is this machine's, binding it says.
"""

from __future__ import annotations

import re

_FORM = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})")


def endpoint(text: str) -> tuple[str, int]:
    """Host and port of ``0.0.0.0:25``, ``[::]:25``, ``localhost:2525``. Raises ValueError, which says why."""
    found = _FORM.fullmatch(text.strip())
    if not found or not 0 < int(found[3]) < 65536:
        raise ValueError(f"must be an address and a port, such as 0.0.0.0:25 or [::]:25, not {text!r}")
    return found[1] or found[2], int(found[3])
