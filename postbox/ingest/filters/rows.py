"""JSON rows in, JSON rows out, one for one and in order.

Decides that a row that is wrong gives a row that says so, and that nothing a row holds ends the stream.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import IO, Any

# base64 of the largest mail, and room for JSON's escapes of a text.
ROW_BYTES = 64 * 1024 * 1024


class BadRow(Exception):
    """A row that cannot be worked on; the text says why."""


def stream(work: Callable[[dict[str, Any]], dict[str, Any]], source: IO[bytes], target: IO[bytes]) -> None:
    """Write ``work(row)`` for each line of ``source``, each at once; ``{"error"}`` for what is no object or fails."""
    while line := source.readline(ROW_BYTES + 1):
        answer = _answer(work, line, _rest(source, line))
        target.write(json.dumps(answer).encode() + b"\n")
        target.flush()


def text_of(row: dict[str, Any], name: str) -> str:
    """A row's text. Raises BadRow when there is none."""
    value = row.get(name)
    if not isinstance(value, str):
        raise BadRow(f'"{name}" must be there and be text')
    return value


def piped(run: Callable[[], int]) -> int:
    """Run a filter; a reader that has gone away ends it quietly, as it ends any other."""
    try:
        status = run()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is written at exit
        return 0
    except KeyboardInterrupt:
        return 130
    return status


def _answer(work: Callable[[dict[str, Any]], dict[str, Any]], line: bytes, complete: bool) -> dict[str, Any]:
    try:
        if not complete:
            raise BadRow(f"the row is longer than {ROW_BYTES} octets")
        row = json.loads(line)
        if not isinstance(row, dict):
            raise BadRow("a row must be a JSON object")
        return work(row)
    except BadRow as error:
        return {"error": f"{error}."}
    except json.JSONDecodeError as error:
        return {"error": f"Not JSON: {error}."}
    except Exception as error:  # whatever a hostile row brings about must not end the stream
        return {"error": f"{type(error).__name__}: {error}"}


def _rest(source: IO[bytes], line: bytes) -> bool:
    """Pass over what is left of a line that is too long; whether there was nothing."""
    if len(line) <= ROW_BYTES or line.endswith(b"\n"):
        return True
    while (more := source.readline(ROW_BYTES)) and not more.endswith(b"\n"):
        pass
    return False
