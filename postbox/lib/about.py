"""Which message the work at hand is about, so that each line of the log can say so.

Decides nothing. The id goes where the work goes: a thread that is started for it begins without.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_message: ContextVar[uuid.UUID | None] = ContextVar("message_id", default=None)


@contextmanager
def message(id_: uuid.UUID) -> Iterator[None]:
    """Within the block the work is about this message."""
    token = _message.set(id_)
    try:
        yield
    finally:
        _message.reset(token)


def message_id() -> str:
    """The id of the message that the work is about; empty where it is about none."""
    id_ = _message.get()
    return str(id_) if id_ else ""
