"""What `postbox up` says to the operator, unbuffered: on a pipe too, a line is there when it is said."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """A line of output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """A line beside the output."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
