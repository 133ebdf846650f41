"""How much a batch takes, and the pause after it.

Decides both from how long the last batch took, so that a slow machine, a slow disk or large mails make batches small
instead of making others wait.
"""

from __future__ import annotations

import time

# Those who want a row of a batch wait for the whole of it, so it aims well below the tenth of a second that they may.
TARGET_SECONDS = 0.02
LEAST = 10
MOST = 500
_START = 50
_REST_LEAST, _REST_MOST = 0.005, 0.25


class Pace:
    """The size of the next batch, in rows."""

    def __init__(self) -> None:
        self.size = _START

    def took(self, seconds: float) -> None:
        """Fit the size to what the last batch took."""
        if seconds > 1.5 * TARGET_SECONDS:
            self.size = max(LEAST, self.size // 2)
        elif seconds < TARGET_SECONDS / 2:
            self.size = min(MOST, self.size * 2)

    @staticmethod
    def rest(seconds: float) -> None:
        """Leave the machine to others for as long as the batch took."""
        time.sleep(min(max(seconds, _REST_LEAST), _REST_MOST))
