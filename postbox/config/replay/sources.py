"""Finding mails in files, folders and mboxes.

Decides what is a mail and where it begins and ends; never changes one, but for the marks that an mbox put on it.
An mbox is mapped, not read, so its size does not matter.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from postbox.ingest.limits import MESSAGE_BYTES
from postbox.ingest.sniff import HEAD_BYTES, looks_like_mail, without_envelope_line

# RFC 4155: "From ", sender, a date; at the start or after an empty line. The time and the year keep a sentence that
# begins with "From" from cutting a mail in two.
_SEPARATOR = re.compile(
    rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]{1,200}?\d\d?:\d\d[^\n]{1,60}?\d{4}[^\n]{0,60}(?:\n|\Z)"
)
_QUOTED = re.compile(rb"^>(>*From )", re.M)
_SENDER = re.compile(rb"From ([^\s<>,@]+@[^\s<>,@]+) ")
_FIELD = re.compile(rb"^(return-path|from)[ \t]*:(.*(?:\n[ \t].*)*)", re.I | re.M)
_ANGLES = re.compile(r"<([^<>]*)>")
_ADDRESS = re.compile(r"[!-+\--;=?A-~]{1,64}@[!-+\--;=?A-~]{1,253}")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
MAIL_SUFFIX = ".eml"


@dataclass(frozen=True, slots=True)
class Found:
    """One mail: a file, or a stretch of an mbox, ``number`` being its place in it (from 1)."""

    path: Path
    start: int
    end: int
    number: int = 0

    def __str__(self) -> str:
        return f"{self.path}, mail {self.number}" if self.number else str(self.path)

    def read(self) -> Mail:
        """The mail. Raises OSError when the file is gone, NotMail when it is empty or no door would take it."""
        if self.end - self.start > MESSAGE_BYTES:
            raise NotMail(f"larger than {MESSAGE_BYTES // 1024**2} MiB, the most that a mail may have")
        with self.path.open("rb") as file:
            file.seek(self.start)
            octets = file.read(self.end - self.start)
        raw = without_envelope_line(octets)
        if self.number:
            raw = _QUOTED.sub(rb"\1", raw)
        if not raw.strip():
            raise NotMail("empty")
        return Mail(raw, envelope_sender(raw, octets[:HEAD_BYTES] if octets.startswith(b"From ") else b""))


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent: the raw mail and its envelope's sender, empty for the null return path."""

    raw: bytes
    sender: str


class NotMail(Exception):
    """A file that holds no mail; the text says why."""


def search(paths: Iterable[Path]) -> Iterator[Found | tuple[Path, str]]:
    """Every mail of these files and folders in order; a path with a reason for what is none."""
    for path in paths:
        files = _files(path) if path.is_dir() else [path]
        if path.is_dir() and not files:
            yield path, "the folder holds no files"
        for file in files:
            try:
                yield from _mails(file)
            except NotMail as error:
                yield file, str(error)
            except OSError as error:
                yield file, error.strerror or str(error)


def split_mbox(octets: bytes | mmap.mmap) -> list[tuple[int, int]]:
    """Where each mail of an mbox begins (at its separator) and ends (before the empty line that closes it)."""
    starts = [match.start() for match in _SEPARATOR.finditer(octets)]
    ends = [*starts[1:], len(octets)] if starts else []
    return [(start, _without_empty_line(octets, start, end)) for start, end in zip(starts, ends, strict=True)]


def envelope_sender(raw: bytes, envelope_line: bytes = b"") -> str:
    """Who the envelope says sent it: Return-Path, else the mbox's line, else From; empty when none names one."""
    fields: dict[bytes, str] = {}
    for match in _FIELD.finditer(_head(raw)):
        fields.setdefault(match[1].lower(), " ".join(match[2].decode("latin-1").split()))
    if b"return-path" in fields:
        return _address(fields[b"return-path"])
    if line := _SENDER.match(envelope_line):
        return _address(line[1].decode("latin-1"))
    return _address(fields.get(b"from", ""))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _mails(path: Path) -> Sequence[Found]:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if not head.strip():
            raise NotMail("empty")
        if path.suffix.lower() == MAIL_SUFFIX:  # its name says so; a broken one is for the pipeline to judge
            return [Found(path, 0, size)]
        if _SEPARATOR.match(head):
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                places = split_mbox(mapped)
            return [Found(path, start, end, number) for number, (start, end) in enumerate(places, 1)]
    if not looks_like_mail(head):
        raise NotMail("not a mail: it does not begin with header lines")
    return [Found(path, 0, size)]


def _without_empty_line(octets: bytes | mmap.mmap, start: int, end: int) -> int:
    if octets[max(start, end - 4) : end] == b"\r\n\r\n":
        return end - 2
    return end - 1 if octets[max(start, end - 2) : end] == b"\n\n" else end


def _head(raw: bytes) -> bytes:
    end = _END_OF_HEAD.search(raw, 0, HEAD_BYTES)
    return raw[: end.start() if end else HEAD_BYTES]


def _address(text: str) -> str:
    angles = _ANGLES.findall(text)
    bare = angles[-1].strip() if angles else text.strip()
    if _ADDRESS.fullmatch(bare):
        return bare
    found = None if angles else _ADDRESS.search(text)
    return found[0] if found else ""
