"""How the desk says times, sizes and states. It never decides what a state means."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.utils.html import format_html
from django.utils.safestring import SafeString

from postbox.lib import clock

_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_UNITS = ("B", "kB", "MB", "GB")


class Level(StrEnum):
    """How much a value wants to be looked at. The names of the badge's colours."""

    PLAIN = "plain"
    GOOD = "good"
    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"


def age(seconds: float) -> str:
    """A stretch of time in its largest whole unit: ``12 s``, ``3 min``, ``5 h``, ``9 d``."""
    for length, unit in _SPANS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"


def ago(at: datetime | None) -> SafeString | str:
    """How long ago, with the exact time (UTC) as the title; a dash for never."""
    if at is None:
        return "–"
    words = age((clock.now() - at).total_seconds())
    return format_html('<time datetime="{}" title="{}">{} ago</time>', at.isoformat(), exact(at), words)


def exact(at: datetime | None) -> str:
    """``2025-03-01 14:05:09 UTC``; a dash for never."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC") if at else "–"


def octets(size: int) -> str:
    """A size in decimal units: ``812 B``, ``3.5 kB``, ``25 MB``."""
    value = float(size)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{value:.1f} {unit}" if unit != "B" and value < 10 else f"{value:.0f} {unit}"


def several(count: int, noun: str, nouns: str = "") -> str:
    """``1 message``, ``1,200 messages``."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def badge(text: object, level: Level = Level.PLAIN) -> SafeString:
    """A short word on a coloured ground."""
    return format_html('<span class="pbx-badge pbx-{}">{}</span>', level.value, text)


def short(number: object) -> str:
    """The end of a UUID, which tells ids of one moment apart; their beginning is the time."""
    return f"…{str(number)[-12:]}"
