"""What the settings of a check may be: one declaration a field, read by the API, the admin and the policy alike.

Decides which values a setting takes. A step that needs a setting adds one field to
``postbox.screening.policy.Checks`` and nothing else::

    dlp: str = choice("report", "report", "mask", "remove", "quarantine")
    biggest: int = number(25, least=1, most=100)
    fingerprints: bool = flag(default=False)
    patterns: tuple[str, ...] = texts(most=50, longest=200)

The first value is the default. ``extra`` takes a function that raises ValueError for what is wrong in a way of its own.
``POST /policy/put`` then takes the field under ``checks``, and a narrower level's value stands over a wider one's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, field, fields
from typing import Any

_ALLOWED = "allowed"
Reader = Callable[[Any], Any]


def choice(default: str, *words: str) -> Any:
    """One of some words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value

    return _declared(default, read)


def flag(*, default: bool) -> Any:
    """True or false."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value

    return _declared(default, read)


def number(default: int, *, least: int, most: int) -> Any:
    """A whole number within bounds."""

    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be a whole number between {least} and {most}")
        return value

    return _declared(default, read)


def texts(default: tuple[str, ...] = (), *, most: int, longest: int, extra: Callable[[str], None] | None = None) -> Any:
    """A list of texts, each not empty."""

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or len(value) > most:
            raise ValueError(f"must be a list of {most} texts at most")
        for one in value:
            if not isinstance(one, str) or not 0 < len(one) <= longest or not one.isprintable():
                raise ValueError(f"must hold texts of 1 to {longest} printable characters")
            if extra:
                extra(one)
        return tuple(dict.fromkeys(value))

    return _declared(default, read)


def wrong(checks: type, given: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with settings, by name; empty where nothing is."""
    readers, found = readers_of(checks), {}
    for name, value in given.items():
        if name not in readers:
            found[name] = f"is no setting of a check; there are: {', '.join(sorted(readers)) or 'none'}"
            continue
        try:
            readers[name](value)
        except ValueError as error:
            found[name] = str(error)
    return found


def readable(checks: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some stored settings that are known and right; one of an older version never stops the mail."""
    bad, readers = wrong(checks, given), readers_of(checks)
    return {name: readers[name](value) for name, value in given.items() if name not in bad}


def readers_of(checks: type) -> dict[str, Reader]:
    """Each setting's name and what reads its value."""
    return {item.name: _reader(item) for item in fields(checks)}


def _reader(item: Field[Any]) -> Reader:
    reader: Reader = item.metadata[_ALLOWED]
    return reader


def _declared(default: Any, read: Reader) -> Any:
    return field(default=default, metadata={_ALLOWED: read})
