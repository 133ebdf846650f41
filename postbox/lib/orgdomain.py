"""The organisational domain: the part of a name that somebody registered, by the Public Suffix List.

Decides where one organisation's names end (RFC 7489, section 3.2). It never asks DNS. The list comes with its package.
"""

from __future__ import annotations

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(8192)
def organisational(name: str) -> str:
    """``mail.shop.co.uk`` gives ``shop.co.uk``; a public suffix, under which others register, gives itself."""
    plain = name.lower().rstrip(".")
    return str(_suffixes().privatesuffix(plain) or plain)


def organisational_label(name: str) -> str:
    """What its holder chose: ``mail.shop.co.uk`` gives ``shop``."""
    return organisational(name).partition(".")[0]


def is_organisational(name: str) -> bool:
    """Whether a name is an organisation's root, or above every organisation's."""
    return organisational(name) == name.lower().rstrip(".")


def is_public_suffix(name: str) -> bool:
    """Whether others register names directly under this one, by a rule of the list itself: ``com``, ``co.uk``."""
    return _suffixes().publicsuffix(name.lower(), accept_unknown=False) == name.lower()
