"""Whether the bucket that is configured here is the one that this database's mail lies in.

Decides that raw mail is moved only into the bucket that holds its id. A second system on the same database with a
folder of its own would otherwise carry mail away where nobody looks for it.
"""

from __future__ import annotations

import logging
import uuid

from postbox.ingest.models import Bucket
from postbox.lib.kept import Kept
from postbox.mail import blobs
from postbox.mail.models import Message

log = logging.getLogger(__name__)

MARKER = "bucket-id"
_right: Kept[str, bool] = Kept(seconds=60.0)


def is_right() -> bool:
    """Whether raw mail may be moved from here. Looks once a minute; marks a bucket that is new."""
    return bool(_right.get(MARKER)) or _look()


def forget() -> None:
    """Look again the next time."""
    _right.clear()


def _look() -> bool:
    wanted = Bucket.objects.get_or_create(defaults={"bucket_id": uuid.uuid4()})[0].bucket_id
    found = _read()
    if found is None and not Message.objects.exclude(body_ref="").exists():
        blobs.write_named(MARKER, str(wanted).encode())
        blobs.make_durable([MARKER])
        found = str(wanted)
    if found != str(wanted):
        log.error("strange_bucket", extra={"wanted": str(wanted), "found": found})
        return False
    return _right.put(MARKER, True)


def _read() -> str | None:
    try:
        return blobs.read(MARKER).decode("ascii", "replace")
    except FileNotFoundError:
        return None
