"""Which kinds an endpoint may ask for: a kind, or all of a family as ``message.*``."""

from __future__ import annotations

from collections.abc import Sequence

from postbox.events.models import EventKind

FAMILIES = tuple(dict.fromkeys(f"{kind.partition('.')[0]}.*" for kind in EventKind.values if "." in kind))
EVERYTHING = "*"
CHOICES = (*EventKind.values, *FAMILIES, EVERYTHING)

# In SQL, with the endpoint as w and the event as e.
MATCHES = "(w.kinds = '{}' OR w.kinds && ARRAY[e.kind, split_part(e.kind, '.', 1) || '.*']::varchar[])"


def stored(kinds: Sequence[str]) -> list[str]:
    """What is kept of what was asked for, without repeats; empty for every kind."""
    return [] if EVERYTHING in kinds else list(dict.fromkeys(kinds))
