"""Domains as they are compared: lower case, ASCII, without the final dot.

Decides when two names are one organisation's (RFC 7489, section 3.2).
"""

from __future__ import annotations

from functools import lru_cache

import idna

from postbox.lib.orgdomain import organisational


@lru_cache(4096)
def ascii_name(text: str) -> str:
    """``Bücher.Example.`` as ``xn--bcher-kva.example``; empty where it is no name."""
    name = text.strip().lower()
    if not name.isascii() and len(name) <= 253:
        try:
            name = idna.encode(name, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            return ""
    name = name.removesuffix(".")
    return name if 0 < len(name) <= 253 and "" not in name.split(".") and name.isascii() else ""


@lru_cache(4096)
def root(name: str) -> str:
    """The organisational domain of an ASCII name."""
    return organisational(name)


def same_organisation(one: str, other: str) -> bool:
    """Whether two ASCII names are of one organisation; the empty name is of none."""
    return bool(one and other) and (one == other or root(one) == root(other))
