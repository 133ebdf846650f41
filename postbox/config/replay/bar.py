"""A progress bar on a terminal; nothing anywhere else."""

from __future__ import annotations

import shutil
import time
from typing import IO

_EVERY = 0.1
_WIDEST = 40


class Bar:
    """``[#####.....] 123/249  50 %  350/s`` on one line, drawn anew at most ten times a second."""

    def __init__(self, stream: IO[str], total: int, label: str = "") -> None:
        self._stream = stream
        self._total = total
        self._label = label
        self._shown = stream.isatty() and total > 0
        self._began = time.monotonic()
        self._drawn = 0.0

    def at(self, done: int) -> None:
        """So many are done."""
        now = time.monotonic()
        if self._shown and (now - self._drawn >= _EVERY or done >= self._total):
            self._drawn = now
            self._stream.write("\r\x1b[K" + line(self._label, done, self._total, now - self._began, _columns()))
            self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def line(label: str, done: int, total: int, seconds: float, columns: int) -> str:
    """The bar as text, no wider than ``columns``."""
    rate = done / seconds if seconds > 0 else 0.0
    text = f" {done}/{total}  {100 * done // total} %  {rate:.0f}/s"
    width = min(_WIDEST, columns - len(text) - len(label) - 4)
    filled = width * done // total
    bar = f"[{'#' * filled}{'.' * (width - filled)}]" if width > 0 else ""
    return f"{label}{bar}{text}"[: max(0, columns - 1)]


def _columns() -> int:
    return shutil.get_terminal_size().columns
