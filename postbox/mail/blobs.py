"""The bucket ``postbox-mime``: sealed raw mails under the name of their message.

Decides names and that a folder's file is on disk before ``write`` returns. It stores and reads sealed bytes only.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

ALIAS = "postbox-mime"


def name_of(message_id: uuid.UUID) -> str:
    """Where a message's raw mail lies: by the day in its UUIDv7, so that no folder holds everything."""
    day = (message_id.int >> 80) // 86_400_000
    return f"{day}/{message_id}.mime"


def write(message_id: uuid.UUID, sealed: bytes) -> str:
    """Store a sealed mail durably and give its name. Writing the same mail again replaces it."""
    storage, name = storages[ALIAS], name_of(message_id)
    if storage.exists(name):  # a worker died between writing and stamping: what lies there may be half a mail
        storage.delete(name)
    saved = storage.save(name, ContentFile(sealed))
    if isinstance(storage, FileSystemStorage):
        _sync(Path(storage.path(saved)))
    return saved


def read(name: str) -> bytes:
    """The sealed mail. Raises OSError (FileNotFoundError) when the bucket cannot give it."""
    with storages[ALIAS].open(name) as stored:
        return bytes(stored.read())


def delete(name: str) -> None:
    """Remove a sealed mail; one that is gone already is no error."""
    storages[ALIAS].delete(name)


def _sync(path: Path) -> None:
    for target in (path, path.parent):
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
