"""The bucket ``postbox-mime``: sealed raw mails under the name of their message.

Decides names and that a folder's file is on disk before ``write`` returns. It stores and reads sealed bytes only.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

ALIAS = "postbox-mime"


def name_of(message_id: uuid.UUID) -> str:
    """Where a message's raw mail lies: by the day in its UUIDv7, so that no folder holds everything."""
    day = (message_id.int >> 80) // 86_400_000
    return f"{day}/{message_id}.mime"


def write(message_id: uuid.UUID, sealed: bytes) -> str:
    """Store a sealed mail and give its name. Writing the same mail again replaces it.

    It is durable once ``make_durable`` has been called for the name; a bucket elsewhere is so by itself.
    """
    storage, name = storages[ALIAS], name_of(message_id)
    if isinstance(storage, FileSystemStorage):
        _write_file(Path(storage.path(name)), sealed)
        return name
    if storage.exists(name):  # a worker died between writing and stamping
        storage.delete(name)
    return str(storage.save(name, ContentFile(sealed)))


def make_durable(names: Iterable[str]) -> None:
    """Have a folder's new entries on disk: one sync a folder, however many mails were written to it."""
    storage = storages[ALIAS]
    if isinstance(storage, FileSystemStorage):
        for folder in {Path(storage.path(name)).parent for name in names}:
            _sync(folder)
            _sync(folder.parent)


def read(name: str) -> bytes:
    """The sealed mail. Raises OSError (FileNotFoundError) when the bucket cannot give it."""
    with storages[ALIAS].open(name) as stored:
        return bytes(stored.read())


def delete(name: str) -> None:
    """Remove a sealed mail; one that is gone already is no error."""
    storages[ALIAS].delete(name)


def _write_file(path: Path, content: bytes) -> None:
    """Under a draft's name until all of it is on disk, so that the right name never holds half a mail."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
