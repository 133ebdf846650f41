"""Looking through texts: one cheap pass first, the detectors only over what it stopped at.

Decides which findings count where two lie over each other: the longer one. It never changes a text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from postbox.lib.linear import BadPattern, compiled
from postbox.screening.dlp import accounts, cards, digits, keys
from postbox.screening.dlp.findings import Finding, Kind

MOST = 1000
_MEMORY = 16 * 1024 * 1024
_ANYTHING = compiled("|".join(f"(?:{one.PREFILTER})" for one in (cards, accounts, keys, digits)), memory=_MEMORY)
_DETECTORS: Sequence[Callable[[bytes], Iterator[Finding]]] = (
    keys.find, accounts.find_ibans, cards.find, accounts.find_ssns,
)  # fmt: skip

Own = tuple[tuple[str, Any], ...]
"""An owner's patterns: name and compiled expression."""


class TooMany(Exception):
    """More was found than is ever masked one by one."""


def check_own(said: str) -> None:
    """Raise ValueError unless this is ``name=expression`` and the expression never matches nothing at all."""
    name, equals, pattern = said.partition("=")
    if not equals or not name.strip() or not pattern:
        raise ValueError("must be written as name=expression")
    try:
        test = compiled(pattern)
    except BadPattern as error:
        raise ValueError(str(error)) from None
    if test.search(b"") is not None:
        raise ValueError("must not match an empty text")


@lru_cache(256)
def own_patterns(said: tuple[str, ...]) -> Own:
    """The patterns of a policy, compiled. Raises BadPattern."""
    return tuple((name.strip(), compiled(pattern)) for name, _, pattern in (one.partition("=") for one in said))


def holds_anything(text: bytes, own: Own = ()) -> bool:
    """Whether any detector has to look: false for nearly all mail."""
    return _ANYTHING.search(text) is not None or any(test.search(text) is not None for _, test in own)


def find(text: bytes, own: Own = ()) -> list[Finding]:
    """The findings in a text, in order and apart from each other. Raises TooMany."""
    if not holds_anything(text, own):
        return []
    found: list[Finding] = []
    for detect in _DETECTORS:
        _take(found, detect(text))
    if digits.has_others(text):
        _take(found, _in_other_digits(text))
    _take(found, _of_own(text, own))
    return _apart(found)


def _take(found: list[Finding], more: Iterator[Finding]) -> None:
    for one in more:
        found.append(one)
        if len(found) > MOST:
            raise TooMany


def _in_other_digits(text: bytes) -> Iterator[Finding]:
    read = digits.Read(text)
    for detect in (accounts.find_ibans, cards.find, accounts.find_ssns):
        for one in detect(read.octets):
            yield Finding(read.place(one.begin), read.place(one.end), one.kind)


def _of_own(text: bytes, own: Own) -> Iterator[Finding]:
    for name, test in own:
        for match in test.finditer(text):
            begin, end = match.span()
            if end > begin:
                yield Finding(begin, end, Kind.OWN, name)


def _apart(found: list[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    for one in sorted(found, key=lambda item: (item.begin, -item.end)):
        if not kept or one.begin >= kept[-1].end:
            kept.append(one)
        elif one.end > kept[-1].end:  # both are gone when both are masked
            last = kept.pop()
            kept.append(Finding(last.begin, one.end, last.kind, last.name))
    return kept
