"""Named crash points: where a test may have this process killed, to show what survives.

Decides nothing in production: without ``POSTBOX_CRASH_AT`` a point is one comparison. With ``name`` the process kills
itself the first time it comes to that point; with ``name=marker`` only for content that holds the marker.
"""

from __future__ import annotations

import os
import signal

_NAME, _, _MARKER = os.environ.get("POSTBOX_CRASH_AT", "").partition("=")


def point(name: str, content: bytes = b"") -> None:
    """Die here, as by SIGKILL, when a test asked for it."""
    if name == _NAME and (not _MARKER or _MARKER.encode() in content):
        os.kill(os.getpid(), signal.SIGKILL)
