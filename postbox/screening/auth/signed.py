"""A mail as its signatures see it: raw fields and body, and both in their canonical forms (RFC 6376, section 3.4).

Decides the octets that are hashed. Every form is made in time linear in the mail.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_BLANKS = re.compile(rb"[ \t]+")
_RUNS = re.compile(rb"  +")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_TAG_NAME = re.compile(rb"[a-zA-Z][a-zA-Z0-9_]*")
_LINE = re.compile(rb"\r?\n")
_MOST_TAGS = 50

Tags = Mapping[str, str]


class Malformed(Exception):
    """The mail's head, or a list of tags, is not what its grammar wants."""


@dataclass(frozen=True, slots=True)
class RawField:
    """A field as it came: ``raw`` with its name and folds, lines ending in CRLF, but not the last line's end."""

    name: str
    raw: bytes

    @property
    def value(self) -> bytes:
        return self.raw.partition(b":")[2]

    def canonical(self, relaxed: bool) -> bytes:
        """The field as it is hashed, without the last line's end."""
        if not relaxed:
            return self.raw
        value = _BLANKS.sub(b" ", self.value.replace(b"\r\n", b"")).strip(b" \t")
        return self.name.encode() + b":" + value

    def without_signature(self) -> RawField:
        """The field with the value of its ``b=`` taken out, and all white space around it."""
        parts = self.value.split(b";")
        for index, part in enumerate(parts):
            name, sign, _ = part.partition(b"=")
            if sign and name.strip() == b"b":
                parts[index] = name + sign
        return RawField(self.name, self.raw.partition(b":")[0] + b":" + b";".join(parts))


@dataclass(slots=True)
class SignedMail:
    """The fields in their order and the body. Raises Malformed where the head is not one."""

    fields: list[RawField]
    body: bytes
    _names: dict[str, list[RawField]] = field(default_factory=dict)
    _bodies: dict[bool, bytes] = field(default_factory=dict)
    _hashes: dict[tuple[bool, int | None], bytes] = field(default_factory=dict)

    def canonical_body(self, relaxed: bool) -> bytes:
        if relaxed not in self._bodies:
            self._bodies[relaxed] = _body(self.body, relaxed)
        return self._bodies[relaxed]

    def body_hash(self, relaxed: bool) -> bytes:
        """SHA-256 of the whole body."""
        key = (relaxed, None)
        if key not in self._hashes:
            self._hashes[key] = hashlib.sha256(self.canonical_body(relaxed)).digest()
        return self._hashes[key]

    def named(self, name: str) -> list[RawField]:
        """The fields of a name, in their order."""
        if not self._names:
            for one in self.fields:
                self._names.setdefault(one.name, []).append(one)
        return list(self._names.get(name, ()))

    def chosen(self, names: Iterable[str]) -> list[RawField]:
        """The fields that a list of names means (section 5.4.2): of several the last first; none for too many."""
        left: dict[str, list[RawField]] = {}
        found = []
        for name in names:
            rest = left.setdefault(name, self.named(name)) if name not in left else left[name]
            if rest:
                found.append(rest.pop())
        return found


def split(raw: bytes) -> SignedMail:
    """The raw mail's head and body. Raises Malformed where a line of the head is no field.

    What follows such a line is body to some and head to others, so no signature over it says anything.
    """
    end = _end_of_head(raw)
    head = raw[: end[0]].removesuffix(b"\r")
    if b"\0" in head or b"\r" in head.replace(b"\r\n", b""):
        raise Malformed("the head holds a NUL or a bare CR")
    fields: list[list[bytes]] = []
    for line in _LINE.split(head):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1].append(line)
        elif _FIELD.match(line):
            fields.append([line])
        elif line.startswith((b"From ", b">From ")) and not fields:
            continue  # an mbox's line
        elif line:
            raise Malformed("a line of the head is no field")
    body = raw[end[1] :]
    if body.count(b"\n") != body.count(b"\r\n"):
        body = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return SignedMail([_field(lines) for lines in fields], body)


def tags(value: bytes) -> dict[str, str]:
    """A list of tags (section 3.2), folds and the white space around values taken out. Raises Malformed."""
    found: dict[str, str] = {}
    specs = value.strip().split(b";", _MOST_TAGS)
    if not specs[-1].strip():
        specs.pop()
    for spec in specs:
        name, sign, text = spec.partition(b"=")
        key = name.strip().decode("latin-1")
        if not sign or not _TAG_NAME.fullmatch(name.strip()) or key in found:
            raise Malformed(f"the tag {key[:20]!r} is no tag, or stands twice")
        found[key] = text.strip().decode("utf-8", "replace")
    return found


def _field(lines: list[bytes]) -> RawField:
    name = lines[0].partition(b":")[0].rstrip(b" \t").lower().decode("ascii")
    return RawField(name, b"\r\n".join(lines))


def _end_of_head(raw: bytes) -> tuple[int, int]:
    if raw.startswith(b"\r\n"):
        return 0, 2
    if raw.startswith(b"\n"):
        return 0, 1
    ends = [(at, at + len(mark)) for mark in (b"\r\n\r\n", b"\n\n", b"\n\r\n") if (at := raw.find(mark)) >= 0]
    return min(ends, default=(len(raw), len(raw)))


def _body(body: bytes, relaxed: bool) -> bytes:
    if relaxed:
        body = _RUNS.sub(b" ", body.replace(b"\t", b" ")).replace(b" \r\n", b"\r\n").removesuffix(b" ")
    kept = body.rstrip(b"\r\n")
    tail = body[len(kept) :].replace(b"\r\n", b"\n").rstrip(b"\n").replace(b"\n", b"\r\n")
    whole = kept + tail
    if not whole and relaxed:
        return b""
    return whole + b"\r\n"
