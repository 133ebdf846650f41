"""The ways out, and which of them this system uses.

Decides by ``settings.POSTBOX_TRANSPORT``: ``mailbox``, ``poll`` (an MTA asks), an ``smtp(s)://`` address, or
``anymail:<provider>``. One transport a process, made when it is first needed.
"""

from __future__ import annotations

import threading

from django.conf import settings

from outbound.transports.base import Transport
from outbound.transports.mailbox import Mailbox
from outbound.transports.smtp import Smtp, relay_of

POLL = "poll"
_making = threading.Lock()
_current: dict[str, Transport | None] = {}


def current() -> Transport | None:
    """This process's transport; None where an MTA polls for its mail."""
    wanted: str = settings.POSTBOX_TRANSPORT
    with _making:
        if wanted not in _current:
            _current[wanted] = make(wanted)
        return _current[wanted]


def make(wanted: str) -> Transport | None:
    """The transport of that name or address. ValueError where there is none."""
    if wanted == POLL:
        return None
    if wanted == "mailbox":
        return Mailbox()
    if wanted.startswith(("smtp:", "smtps:")):
        return Smtp(relay_of(wanted))
    if wanted.startswith("anymail:"):
        from outbound.transports.provider import ByProvider

        return ByProvider(wanted.partition(":")[2])
    raise ValueError(f"{wanted.partition(':')[0]} is no transport")
