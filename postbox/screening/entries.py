"""Entries of allow and block lists: an address, a domain, or ``*.`` and a domain for all below it.

Decides how an entry is kept: lower case, its domain in ASCII, as mail is compared (postbox.screening.steps.allow).
"""

from __future__ import annotations

import re

from postbox.screening.auth.names import ascii_name

MOST = 1000
LONGEST = 320
_DOMAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})+")
_LOCAL = re.compile(r"[^\s@<>,;:\"\\\x00-\x1f\x7f]{1,64}")


def entry(text: str) -> str:
    """The entry as it is kept. Raises ValueError, which says what is wrong."""
    local, at, rest = text.strip().rpartition("@")
    stars = "*." if not at and rest.startswith("*.") else ""
    domain = ascii_name(rest.removeprefix(stars))
    if not _DOMAIN.fullmatch(domain) or len(text) > LONGEST:
        raise ValueError(f"{text[:80]!r} is neither an address nor a domain nor *. and a domain")
    if at and not _LOCAL.fullmatch(local):
        raise ValueError(f"{text[:80]!r} is no address")
    return f"{local.lower()}{at}{stars}{domain}"
