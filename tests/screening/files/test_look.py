"""What an attachment is and holds: each trick made here, and honest files beside it."""

from __future__ import annotations

import base64
import bz2
import gzip
import lzma
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.screening.files.concerns import Budget, Group
from postbox.screening.files.look import look
from tests.screening.files.made import (
    ELF,
    OLE,
    PDF,
    PE,
    PNG,
    TYPES,
    bomb_of_bombs,
    encrypted_zip,
    ole_with,
    related,
    tarred,
    zipped,
)


def groups(octets: bytes, name: str = "file", declared: str = "application/octet-stream") -> set[Group]:
    return {concern.group for concern in look(name, declared, octets, Budget())}


def codes(octets: bytes, name: str = "file", declared: str = "application/octet-stream") -> set[str]:
    return {concern.code for concern in look(name, declared, octets, Budget())}


PROGRAMS = [
    PE, ELF, b"\xcf\xfa\xed\xfe" + b"\0" * 40, b"\xca\xfe\xba\xbe\0\0\0\x34", b"#!/bin/sh\nid\n",
    b"@echo off\r\ndir\r\n", b"L\x00\x00\x00\x01\x14\x02\x00" + b"\0" * 60, b"ITSF\x03\0\0\0", b"dex\n035\0",
]  # fmt: skip


@pytest.mark.parametrize("octets", PROGRAMS)
def test_a_program_is_one_whatever_it_is_called_and_wherever_it_lies(octets: bytes) -> None:
    inner = zipped({"a/notes.txt": octets})
    enclosed = b"Subject: x\r\n\r\n" + base64.encodebytes(octets + b"\n" * 200)
    for holder in (
        octets, inner, zipped({"inner.zip": inner}), gzip.compress(octets), bz2.compress(octets), lzma.compress(octets),
        tarred({"x": octets}), tarred({"x": octets}, "w:gz"), zipped({"a.tar.gz": tarred({"x": octets}, "w:gz")}),
    ):  # fmt: skip
        assert Group.EXECUTABLES in groups(holder, "notes.txt")
    assert Group.EXECUTABLES in groups(enclosed, "m.eml", "message/rfc822")


@pytest.mark.parametrize(
    "name",
    ["a.exe", "a.SCR", "invoice.pdf.js", "a.vbs", "a.hta", "a.bat", "a.cmd", "a.ps1", "a.jar", "a.msi", "a.exe.",
     "a.exe ", "b.com", "a.lnk", "a.iso.chm"],
)  # fmt: skip
def test_a_program_s_name_is_enough(name: str) -> None:
    assert Group.EXECUTABLES in groups(b"hello", name)
    assert Group.EXECUTABLES in groups(zipped({name: b"hello"}), "a.zip")
    assert Group.EXECUTABLES in groups(tarred({name: b"hello"}), "a.tar")
    flagged = bytearray(encrypted_zip(name))
    assert {Group.EXECUTABLES, Group.ENCRYPTED} <= groups(bytes(flagged), "a.zip")


@pytest.mark.parametrize(
    ("octets", "name", "declared"),
    [
        (b"Hello, this is a text.", "readme.txt", "text/plain"),
        (PDF, "invoice.pdf", "application/pdf"),
        (PNG, "photo.jpg", "image/jpeg"),
        (OLE, "letter.doc", "application/msword"),
        (zipped(TYPES), "letter.docx", "application/octet-stream"),
        (zipped(TYPES | {"word/_rels/document.xml.rels": related("hyperlink", "https://ek.example")}), "a.docx", "x/y"),
        (zipped({"a.txt": b"x" * 5000, "b/c.png": PNG}), "photos.zip", "application/zip"),
        (tarred({"a/b.txt": b"hi"}, "w:gz"), "src.tar.gz", "application/gzip"),
        (b"<!DOCTYPE html><html><body><p>Hi</p></body></html>", "page.html", "text/html"),
        (b"<svg xmlns='x'><path d='M0 0'/></svg>", "logo.svg", "image/svg+xml"),
        (b"{\\rtf1 Hello}", "letter.rtf", "application/rtf"),
        (b"BEGIN:VCALENDAR\r\n", "invite.ics", "text/calendar"),
        (b"MZ,1,2\nMY,3,4\n", "states.csv", "text/csv"),
        (b"Subject: Hi\r\n\r\nHello", "Hi.eml", "message/rfc822"),
        (b"", "empty.txt", "text/plain"),
    ],
)
def test_honest_files_are_left_alone(octets: bytes, name: str, declared: str) -> None:
    assert look(name, declared, octets, Budget()) == []


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (ole_with("Macros", "_VBA_PROJECT"), "macros"),
        (zipped(TYPES | {"word/vbaProject.bin": b"x"}), "macros"),
        (zipped({"[Content_Types].xml": b"<x application/vnd.ms-word.document.macroEnabled.main/>"}), "macros"),
        (zipped({"[Content_Types].xml": b"<x/>", "xl/macrosheets/sheet1.xml": b"<x/>"}), "macros"),
        (ole_with("Workbook") + b"\x85\x00\x10\x00\x01\x02\x03\x04\x00\x01rest", "macros"),
        (zipped(TYPES | {"word/embeddings/oleObject1.bin": ole_with("_VBA_PROJECT")}), "macros"),
        (zipped(TYPES | {"word/_rels/s.xml.rels": related("attachedTemplate", "http://x")}), "remote_template"),
        (zipped(TYPES | {"word/document.xml": b"<w:instrText> DDEAUTO c:\\\\x </w:instrText>"}), "dde"),
        (ole_with("\x01Ole10Native"), "embedded_object"),
        (b"{\\rtf1{\\object\\objdata 0105}}", "embedded_object"),
        (b"{\\rtf1{\\*\\template http://x/y.dotm}}", "remote_template"),
    ],
)
def test_macros_and_their_kin(octets: bytes, code: str) -> None:
    assert code in codes(octets)
    assert Group.MACROS in groups(zipped({"a.bin": octets}), "a.zip")


@pytest.mark.parametrize(
    "octets",
    [
        b"%PDF-1.4\n<</S/JavaScript/JS(app.alert(1))>>",
        b"%PDF-1.4\n<</S/J#61vaScript/J#53 (x)>>",
        b"%PDF-1.4\n<</OpenAction 3 0 R>>",
        b"%PDF-1.4\n<</EmbeddedFiles 3 0 R>>",
        b"%PDF-1.5\n5 0 obj<</Type/ObjStm/N 1/First 4/Filter/FlateDecode>>\nstream\n"
        + zlib.compress(b"<</S/JavaScript>>"),
        b"<html><script>alert(1)</script>",
        b"<svg onload=x()>",
        b"<!doctype html><a href='javascript:x()'>",
        "\ufeff<html><script>".encode("utf-16-le"),
    ],
)
def test_what_acts_by_itself(octets: bytes) -> None:
    assert groups(octets) == {Group.ACTIVE}


def test_what_outlook_carries() -> None:
    program = PE + b"!This program cannot be run in DOS mode.\r\r\n$"
    message = ole_with("__substg1.0_37010102")
    assert codes(message, "m.msg") == {"outlook_message"}
    assert Group.EXECUTABLES in groups(message + program, "m.msg")
    assert Group.EXECUTABLES in groups(b"\x78\x9f\x3e\x22" + program, "winmail.dat")


def test_markup_inside_an_archive_is_read_to_its_end() -> None:
    page = b"Hello " * 10_000 + b"<script>x()</script>"
    assert groups(zipped({"a.html": page}), "a.zip") == {Group.ACTIVE}


def test_a_pdf_that_starts_a_program_is_like_a_macro() -> None:
    assert groups(b"%PDF-1.4\n<</S/Launch/F(cmd.exe)>>") == {Group.MACROS}


@pytest.mark.parametrize(
    ("octets", "name"),
    [(PDF, "photo.jpg"), (OLE, "notes.txt"), (zipped({"a": b"b"}), "scan.pdf"), (b"<html><p>Hi", "scan.pdf")],
)
def test_a_name_that_lies(octets: bytes, name: str) -> None:
    assert "type_mismatch" in codes(octets, name)


@pytest.mark.parametrize("name", ["../../x.txt", "/etc/x.txt", "C:\\x.txt", "a/../../x", "..\\x.txt"])
def test_a_path_that_leaves_its_folder(name: str) -> None:
    octets = zipped({"XX": b"b"}).replace(b"XX", b"..") if name == ".." else tarred({name: b"b"})
    assert "path_in_archive" in codes(octets)
    assert "path_in_archive" in codes(zipped({name: b"b"}))


def test_a_name_turned_round_or_pushed_out_of_sight() -> None:
    assert "name_disguised" in codes(zipped({"invoice\u202efdp.txt": b"x"}))
    assert "name_disguised" in codes(zipped({"invoice.pdf" + " " * 60 + ".txt": b"x"}))


def test_passwords() -> None:
    assert groups(encrypted_zip()) == {Group.ENCRYPTED}
    assert groups(ole_with("EncryptedPackage", "EncryptionInfo")) == {Group.ENCRYPTED}
    word = ole_with("WordDocument").ljust(1024, b"\0") + b"\xec\xa5\xc1\x00" + b"\0" * 6 + b"\x00\x01"
    assert groups(word) == {Group.ENCRYPTED}


@pytest.mark.parametrize(
    "octets", [b"Rar!\x1a\x07\x01\0", b"7z\xbc\xaf\x27\x1c\0\x04", b"MSCF\0\0\0\0", b"\x28\xb5\x2f\xfd\0"]
)
def test_what_is_not_looked_into_is_said(octets: bytes) -> None:
    assert groups(octets) == {Group.OPAQUE}


def test_headers_that_contradict_each_other() -> None:
    octets = zipped({"good.txt": b"hello", "other": b"x"})
    renamed = octets.replace(b"good.txt", b"evil.exe", 1)  # the member's own header alone
    assert "broken_archive" in codes(renamed)
    hidden = zipped({"evil.js": b"x"})
    first = hidden[: hidden.index(b"PK\x01\x02")]
    shifted = first + octets
    assert "broken_archive" in codes(shifted)
    assert "broken_archive" in codes(octets[:-30])
    assert "broken_archive" in codes(b"PK\x03\x04" + b"\0" * 100)


# Made when they are wanted: that takes two seconds.
BOMBS = [
    bomb_of_bombs,
    lambda: zipped({"a": b"\0" * (64 << 20)}),
    lambda: gzip.compress(b"\0" * (64 << 20)),
    lambda: bz2.compress(b"\0" * (64 << 20)),
    lambda: lzma.compress(b"\0" * (64 << 20)),
    lambda: zipped({f"{number}": b"" for number in range(5000)}),
    lambda: tarred({f"{number}": b"" for number in range(5000)}),
    lambda: zipped({"a.gz": gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"x")))))}),
]


@pytest.mark.parametrize("made", BOMBS)
def test_a_bomb_ends_within_a_moment_and_is_said(made: Callable[[], bytes]) -> None:
    octets = made()
    began = time.thread_time()
    assert Group.OPAQUE in groups(octets)
    assert time.thread_time() - began < 1


def test_a_zip_that_lies_about_its_size_is_not_unpacked_whole() -> None:
    octets = bytearray(zipped({"a.html": b"\0" * (64 << 20)}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = octets.index(mark) + at
        octets[place : place + 4] = b"\x10\0\0\0"
    began = time.thread_time()
    look("a.zip", "application/zip", bytes(octets), Budget())
    assert time.thread_time() - began < 1


def test_a_zip_that_holds_itself_ends() -> None:
    """Its one member is stored, and its data is the zip itself, as far as anything reads it."""
    octets = bytearray(zipped({"r.zip": b"R" * 400}, 0))
    start, central = octets.index(b"R" * 400), octets.index(b"PK\x01\x02")
    octets[start : start + 400] = (bytes(octets[:start]) + bytes(octets[central:])).ljust(400, b"\0")
    assert Group.OPAQUE in groups(bytes(octets))


WHOLE = (PDF, OLE, zipped({"a.txt": b"x" * 100}), tarred({"a": b"b"}, "w:gz"), gzip.compress(b"x" * 100))
DAMAGE = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8)


@given(st.sampled_from(WHOLE), DAMAGE, st.integers(0, 2000))
def test_no_damage_is_too_much(octets: bytes, damage: list[tuple[int, int]], cut: int) -> None:
    broken = bytearray(octets)
    for place, value in damage:
        broken[place % len(broken)] = value
    look("file", "application/octet-stream", bytes(broken[: len(broken) - cut % len(broken)]), Budget())


@given(st.binary(max_size=600), st.text(max_size=40))
def test_any_octets_and_any_name(octets: bytes, name: str) -> None:
    look(name, "text/plain", octets, Budget())
