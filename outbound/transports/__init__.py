"""The ways out, and which of them this system uses.

Decides by ``settings.POSTBOX_TRANSPORT``: ``mailbox``, ``poll`` (an MTA asks), an ``smtp(s)://`` address, or
``anymail:<provider>``. One transport a process, made when it is first needed.
"""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

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


def check() -> None:
    """Raises ImproperlyConfigured, in words without secrets, where the setting names no way out or not all of one."""
    wanted: str = settings.POSTBOX_TRANSPORT
    try:
        if wanted.startswith(("smtp:", "smtps:")):
            _check_address(wanted)
        make(wanted)
    except OSError as error:
        raise ImproperlyConfigured(f"POSTBOX_TRANSPORT: its ca= cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise ImproperlyConfigured(f"POSTBOX_TRANSPORT: {error}") from None


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
    raise ValueError("it must be poll, mailbox, smtp://host:port, smtps://host:port or anymail:<provider>")


def _check_address(url: str) -> None:
    """A password with / ? # in it would be read as a port, a path or options, and stand in words about these."""
    parts = urlsplit(url)
    try:
        _ = parts.port
        is_whole = parts.path in {"", "/"} and not parts.fragment
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError("write / ? # @ : in a user or a password as %2F %3F %23 %40 %3A, and the port as a number")
