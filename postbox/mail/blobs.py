"""The bucket ``postbox-mime``: sealed raw mails under the name of their message.

Decides names and that a folder's file is on disk before ``write`` returns. It stores and reads sealed bytes only.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

ALIAS = "postbox-mime"
# A bucket elsewhere takes a request a mail: so many at once.
_AT_ONCE = 8
# So many writes in a row that fail are the bucket's fault, not the mails'.
_REFUSALS = 3


class BucketFailed(OSError):
    """The bucket does not answer, or refuses."""


def name_of(message_id: uuid.UUID) -> str:
    """Where a message's raw mail lies: by the day in its UUIDv7, so that no folder holds everything."""
    day = (message_id.int >> 80) // 86_400_000
    return f"{day}/{message_id}.mime"


def write(message_id: uuid.UUID, sealed: bytes) -> str:
    """Store a sealed mail and give its name. Writing the same mail again replaces it.

    It is durable once ``make_durable`` has been called for the name; a bucket elsewhere is so by itself.
    """
    return write_named(name_of(message_id), sealed)


def write_named(name: str, sealed: bytes) -> str:
    """The same under a name of the caller's."""
    storage = storages[ALIAS]
    if isinstance(storage, FileSystemStorage):
        _write_file(Path(storage.path(name)), sealed)
        return name
    if not getattr(storage, "file_overwrite", False) and storage.exists(name):
        storage.delete(name)  # a worker died between writing and stamping
    return str(storage.save(name, ContentFile(sealed)))


def write_all(mails: Mapping[uuid.UUID, bytes]) -> tuple[dict[uuid.UUID, str], dict[uuid.UUID, Exception]]:
    """Store sealed mails, as ``write`` does: their names, and what went wrong with others.

    A bucket elsewhere gets several at once. Once it has refused a few, it is not asked for the rest: what is in neither
    answer was not tried.
    """
    names: dict[uuid.UUID, str] = {}
    failures: dict[uuid.UUID, Exception] = {}

    def keep(message_id: uuid.UUID) -> None:
        if len(failures) >= _REFUSALS:
            return
        try:
            names[message_id] = write(message_id, mails[message_id])
        except Exception as error:  # any storage, any failure: the caller keeps the mail
            failures[message_id] = error

    if isinstance(storages[ALIAS], FileSystemStorage) or len(mails) == 1:
        for message_id in mails:
            keep(message_id)
    else:
        with ThreadPoolExecutor(min(_AT_ONCE, len(mails) or 1)) as writers:
            list(writers.map(keep, mails))
    return names, failures


def make_durable(names: Iterable[str]) -> None:
    """Have a folder's new entries on disk: one sync a folder, however many mails were written to it."""
    storage = storages[ALIAS]
    if isinstance(storage, FileSystemStorage):
        for folder in {Path(storage.path(name)).parent for name in names}:
            _sync(folder)
            _sync(folder.parent)


def read(name: str) -> bytes:
    """The sealed mail. Raises OSError (FileNotFoundError where it is not there) when the bucket cannot give it."""
    try:
        with storages[ALIAS].open(name) as stored:
            return bytes(stored.read())
    except OSError:
        raise
    except Exception as error:  # each library has errors of its own for a bucket that is away
        raise BucketFailed(f"{type(error).__name__}: {error}"[:300]) from error


def delete(name: str) -> None:
    """Remove a sealed mail; one that is gone already is no error."""
    storages[ALIAS].delete(name)


def delete_all(names: Iterable[str]) -> dict[str, Exception]:
    """Remove sealed mails for good, with what a writer that died left of them; those that are gone are no error.

    Gives what went wrong by name. Once it returned, what is not named in it is gone even if the machine stops.
    """
    storage = storages[ALIAS]
    if isinstance(storage, FileSystemStorage):
        return _delete_files(storage, list(names))
    with ThreadPoolExecutor(_AT_ONCE) as deleters:
        jobs = {name: deleters.submit(storage.delete, name) for name in names}
    failures = {name: job.exception() for name, job in jobs.items()}
    return {name: error for name, error in failures.items() if isinstance(error, Exception)}


def _delete_files(storage: FileSystemStorage, names: list[str]) -> dict[str, Exception]:
    if not Path(storage.location).is_dir():  # not mounted, perhaps: nothing in it is known to be gone
        return {name: FileNotFoundError("the folder of the bucket is not there") for name in names}
    failures: dict[str, Exception] = {}
    folders: dict[Path, list[str]] = {}
    for name in names:
        try:
            path = Path(storage.path(name))
            path.unlink(missing_ok=True)
            path.with_suffix(".new").unlink(missing_ok=True)
            folders.setdefault(path.parent, []).append(name)
        except Exception as error:
            failures[name] = error
    for folder, own in folders.items():
        try:
            _settle_folder(folder)
        except OSError as error:
            failures |= dict.fromkeys(own, error)
    return failures


def _settle_folder(folder: Path) -> None:
    """Have what went out of a folder gone on disk, and the folder with it when it is empty."""
    with suppress(FileNotFoundError):
        _sync(folder)
        with suppress(OSError):  # it holds other mails
            folder.rmdir()
        _sync(folder.parent)


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
