"""Which kinds an endpoint may ask for: a kind, or all of a family as ``message.*``."""

from __future__ import annotations

from collections.abc import Sequence

from postbox.events.models import EventKind

# What rules and bounces ask of outbound is no news for an agent.
KINDS = tuple(kind for kind in EventKind.values if not kind.startswith(("rule.", "bounce.")))
FAMILIES = tuple(dict.fromkeys(f"{kind.partition('.')[0]}.*" for kind in KINDS if "." in kind))
EVERYTHING = "*"
CHOICES = (*KINDS, *FAMILIES, EVERYTHING)

# In SQL, with the endpoint as w and the event as e.
# Copies of other kinds are never made for webhooks (settings.POSTBOX_EVENT_CONSUMERS).
MATCHES = "(w.kinds = '{}' OR w.kinds && ARRAY[e.kind, split_part(e.kind, '.', 1) || '.*']::varchar[])"


def stored(kinds: Sequence[str]) -> list[str]:
    """What is kept of what was asked for, without repeats; empty for every kind."""
    return [] if EVERYTHING in kinds else list(dict.fromkeys(kinds))
