"""The signals of the main process as something to wait for.

Handlers only note what came; everything is done by whoever waits, so nothing runs in the middle of anything
else.
"""

from __future__ import annotations

import os
import select
import signal
from types import FrameType

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Installs the handlers, in the main thread only."""

    def __init__(self) -> None:
        self._asked = False
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in STOP:
            signal.signal(number, self._ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # the default would not wake the pipe

    def stopping(self) -> bool:
        """Whether somebody asked for the stop."""
        return self._asked

    def wait(self, timeout: float) -> None:
        """Sleep for up to `timeout` seconds, less when a signal comes."""
        if select.select([self._read], [], [], timeout)[0]:
            os.read(self._read, 4096)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
