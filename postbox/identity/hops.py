"""The header of mail that no person or agent wrote, but a rule of this system: how many such mails led to it.

Decides its form, ``<count>; <id>.<mark>``, and whether one is ours: the mark is a keyed hash of both, so that nobody
silences an agent, or lets a loop begin anew, by a header that he made up. It never decides how many are too many.
"""

from __future__ import annotations

import hmac
import re
import uuid
from collections.abc import Iterable

from django.conf import settings

HEADER = "X-Postbox-Hop"
_MARK = 16  # hex digits: 64 bits
_VALUE = re.compile(rf"\s{{0,9}}([1-9][0-9]{{0,3}});\s{{0,9}}([0-9a-f]{{32}})\.([0-9a-f]{{{_MARK}}})\s{{0,9}}")


def stamp(message_id: uuid.UUID, hops: int) -> str:
    """The value of the header of a mail that is the ``hops``-th in a row."""
    return f"{hops}; {message_id.hex}.{_mark(message_id, hops)}"


def hops_of(values: Iterable[str]) -> int:
    """The most that a header of ours says; 0 where none is ours."""
    return max((_hops(value) for value in values), default=0)


def _hops(value: str) -> int:
    found = _VALUE.fullmatch(value)
    if not found:
        return 0
    hops, message_id = int(found[1]), uuid.UUID(hex=found[2])
    return hops if hmac.compare_digest(found[3], _mark(message_id, hops)) else 0


def _mark(message_id: uuid.UUID, hops: int) -> str:
    key = settings.POSTBOX_MASTER_KEYS.derive("hop")
    return hmac.digest(key, b"%s|%d" % (message_id.bytes, hops), "sha256").hex()[:_MARK]
