"""Looking at one attachment: what it is, what its name says, what it holds, file inside file.

Decides how deep to look and what is read whole. What cannot be looked into is a concern of its own, never a pass.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from postbox.screening.files import documents, names, office, streams, zips
from postbox.screening.files.concerns import DEPTH, BoundReached, Budget, Concern, Concerns, Group
from postbox.screening.files.kinds import Kind, kind_of

_HEAD = 33 * 1024  # as far as kind_of looks
_PROGRAMS = {Kind.PROGRAM, Kind.SCRIPT, Kind.SHORTCUT, Kind.HELP, Kind.INSTALLER}
_CLOSED = {Kind.RAR, Kind.SEVEN, Kind.OTHER_ARCHIVE, Kind.DISK, Kind.ONENOTE}
_STREAMS = {Kind.GZIP, Kind.BZIP2, Kind.XZ}
_MARKUP_NAMES = {"htm", "html", "svg", "xhtml", "shtml"}
# Of files inside others, only these are read beyond their beginning.
_READ_WHOLE = _STREAMS | {Kind.ZIP, Kind.TAR, Kind.OLE, Kind.RTF, Kind.PDF, Kind.HTML, Kind.SVG}


def look(name: str, declared: str, octets: bytes, budget: Budget) -> list[Concern]:
    """What is wrong with an attachment, each thing once. ``declared`` is the media type that the mail gives it."""
    kind = kind_of(octets)
    found = [*names.of_name(name), *names.of_type(name, declared, kind)]
    try:
        found.extend(_inside(name, kind, octets, budget, 0, is_mail=declared == "message/rfc822"))
    except BoundReached as bound:
        found.append(Concern(Group.OPAQUE, "bound_reached", f"was not looked into to its end: {bound.words}"))
    return list(dict.fromkeys(found))


def _inside(name: str, kind: Kind, octets: bytes, budget: Budget, depth: int, *, is_mail: bool = False) -> Concerns:
    if kind in _PROGRAMS:
        yield Concern(Group.EXECUTABLES, "executable", f"is a {kind.value}")
    elif kind in _CLOSED:
        yield Concern(Group.OPAQUE, "not_looked_into", f"is a {kind.value} file, which is not looked into")
    elif kind is Kind.OLE:
        yield from office.of_ole(octets)
        yield from office.of_carried(octets)
    elif kind is Kind.RTF:
        yield from office.of_rtf(octets)
    elif kind is Kind.PDF:
        yield from documents.of_pdf(octets, budget)
    elif kind in (Kind.HTML, Kind.SVG) or names.extension(name) in _MARKUP_NAMES:
        yield from documents.of_markup(octets)
    elif kind is Kind.TNEF:
        yield Concern(Group.ACTIVE, "tnef", "is a package of Outlook, whose files are not looked into")
        yield from office.of_carried(octets)
    elif is_mail or names.extension(name) == "eml":
        yield from _members_of_mail(octets, budget, depth)
    else:
        yield from _archive(kind, octets, budget, depth)


def _archive(kind: Kind, octets: bytes, budget: Budget, depth: int) -> Concerns:
    if kind not in (Kind.ZIP, Kind.TAR) and kind not in _STREAMS:
        return
    if depth >= DEPTH:
        yield Concern(Group.OPAQUE, "nested_too_deep", f"holds archives inside each other more than {DEPTH} deep")
        return
    try:
        if kind is Kind.ZIP:
            yield from _zip(octets, budget, depth)
        elif kind is Kind.TAR:
            yield from _tar(octets, budget, depth)
        else:
            unpacked = streams.unpack(octets, kind, budget)
            yield from _member("", unpacked, partial(bytes, unpacked), budget, depth)
    except zips.Broken as broken:
        yield Concern(Group.OPAQUE, "broken_archive", broken.words)


def _zip(octets: bytes, budget: Budget, depth: int) -> Concerns:
    members = list(zips.members(octets, budget))
    by_name = {member.name: member for member in members}
    readable = {name: member for name, member in by_name.items() if not member.is_encrypted}
    if office.is_package(list(readable)):
        yield from office.of_package(list(readable), lambda name: zips.unpack(octets, readable[name], budget))
    if len(readable) < len(by_name):
        yield Concern(Group.ENCRYPTED, "encrypted", "is an archive with a password")
    for member in members:
        yield from names.of_path(member.name)
        if member.is_encrypted or member.is_folder:
            yield from _named_inside(member.name)
            continue
        if zips.claims_too_much(member):
            yield Concern(Group.OPAQUE, "bound_reached", "holds a file that is far larger when unpacked")
            continue
        head = zips.unpack(octets, member, budget, _HEAD)
        yield from _member(member.name, head, partial(zips.unpack, octets, member, budget), budget, depth)


def _tar(octets: bytes, budget: Budget, depth: int) -> Concerns:
    for name, content in streams.tar_members(octets, budget):
        yield from names.of_path(name)
        yield from _member(name, content[:_HEAD], partial(bytes, content), budget, depth)


def _members_of_mail(octets: bytes, budget: Budget, depth: int) -> Concerns:
    if depth >= DEPTH:
        yield Concern(Group.OPAQUE, "nested_too_deep", f"holds mails inside each other more than {DEPTH} deep")
        return
    for name, content in documents.of_mail(octets):
        budget.member()
        budget.unpacked(len(content))
        yield from _member(name, content[:_HEAD], partial(bytes, content), budget, depth)


def _member(name: str, head: bytes, whole: Callable[[], bytes], budget: Budget, depth: int) -> Concerns:
    kind = kind_of(head)
    yield from _named_inside(name)
    is_wanted = kind in _READ_WHOLE or names.extension(name) in _MARKUP_NAMES | {"eml"}
    octets = whole() if is_wanted and len(head) >= _HEAD else head
    yield from map(_as_inside, _inside(name, kind, octets, budget, depth + 1))


def _named_inside(name: str) -> Concerns:
    yield from map(_as_inside, names.of_name(name))


def _as_inside(concern: Concern) -> Concern:
    """The same, said of something that the attachment holds."""
    words = concern.words if concern.words.startswith("holds") else f"holds a file that {concern.words}"
    return Concern(concern.group, concern.code, words)
