"""What counts as a mail, and where it begins and ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.config.replay.sources import Found, NotMail, envelope_sender, search, split_mbox
from postbox.ingest.limits import MESSAGE_BYTES
from tests.ingest.corpora import CORPORA

LINE = b"From ann@example.org Thu Jan  1 00:00:00 2026\n"
MAIL = b"From: Ann <ann@example.org>\nSubject: hi\n\nHello.\n"
_TO_QUOTE = re.compile(rb"^(>*From )", re.M)


def mbox(mails: list[bytes]) -> bytes:
    """The mails as an mbox of the kind that can be undone (mboxrd)."""
    return b"".join(LINE + _TO_QUOTE.sub(rb">\1", mail) + b"\n" for mail in mails)


def found(*paths: Path) -> list[Found]:
    return [item for item in search(paths) if isinstance(item, Found)]


def strays(*paths: Path) -> dict[str, str]:
    return {item[0].name: item[1] for item in search(paths) if not isinstance(item, Found)}


_LINES = st.lists(
    st.sampled_from(
        [b"", b"hello", b"From now on", b">From here", LINE.strip(), b">" + LINE.strip(), b"From: a@b.example", b" x"]
    )
    | st.binary(max_size=20).map(lambda octets: octets.replace(b"\n", b" ").replace(b"\r", b" ")),
    max_size=12,
)
_MAILS = st.lists(_LINES.map(lambda lines: b"Subject: x\n" + b"".join(line + b"\n" for line in lines)), max_size=6)


@given(_MAILS)
def test_an_mbox_gives_back_the_mails_that_went_in(
    tmp_path_factory: pytest.TempPathFactory, mails: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("mbox") / "inbox"
    path.write_bytes(mbox(mails))
    assert [item.read().raw for item in found(path)] == mails


_PIECES = st.sampled_from([LINE, b"\n", b"\r\n", MAIL, b">", b"From ", b" 12:34 2026", b"x"]) | st.binary(max_size=9)


@given(st.lists(_PIECES, max_size=20).map(b"".join))
def test_any_octets_are_split_without_loss_or_overlap(octets: bytes) -> None:
    places = split_mbox(octets)
    assert all(start < end <= len(octets) for start, end in places)
    assert all(after[0] >= before[1] for before, after in zip(places, places[1:], strict=False))


def test_lines_that_end_in_crlf_are_split_too(tmp_path: Path) -> None:
    path = tmp_path / "inbox.mbox"
    path.write_bytes(mbox([MAIL, MAIL]).replace(b"\n", b"\r\n"))
    assert [item.read().raw for item in found(path)] == [MAIL.replace(b"\n", b"\r\n")] * 2


def test_a_sentence_that_begins_with_from_does_not_cut_a_mail() -> None:
    octets = LINE + MAIL + b"\nFrom now on we meet at ten.\n"
    assert split_mbox(octets) == [(0, len(octets))]


def test_folders_are_walked_in_order_and_strays_are_named(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.eml").write_bytes(MAIL)
    (tmp_path / "a.eml").write_bytes(b"\x00broken, but its name says mail")
    (tmp_path / "cur:2,S").write_bytes(MAIL)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (tmp_path / "notes.yml").write_bytes(b"version: 1\nname: x\n")
    (tmp_path / "zero").write_bytes(b"")
    (tmp_path / ".hidden").write_bytes(MAIL)
    assert [item.path.name for item in found(tmp_path)] == ["a.eml", "2.eml", "cur:2,S"]
    assert set(strays(tmp_path)) == {"picture.png", "notes.yml", "zero"}
    assert "header lines" in strays(tmp_path)["picture.png"]
    assert strays(tmp_path)["zero"] == "empty"


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert strays(tmp_path / "gone.eml") == {"gone.eml": "No such file or directory"}
    assert list(strays(tmp_path).values()) == ["the folder holds no files"]


def test_the_mbox_line_of_a_single_mail_is_taken_off(tmp_path: Path) -> None:
    path = tmp_path / "one.eml"
    path.write_bytes(LINE + MAIL)
    (item,) = found(path)
    assert item.read().raw == MAIL
    assert str(item) == str(path)


def test_a_file_larger_than_any_mail_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.eml"
    with path.open("wb") as file:
        file.write(MAIL)
        file.truncate(MESSAGE_BYTES + 1)
    (item,) = found(path)
    with pytest.raises(NotMail, match="25 MiB"):
        item.read()


@pytest.mark.parametrize(
    ("raw", "line", "sender"),
    [
        (b"Return-Path: <bounce@lists.example>\nFrom: a@b.example\n\nx", b"", "bounce@lists.example"),
        (b"From: a@b.example\nReturn-Path: <>\n\nx", b"", ""),
        (b"Subject: x\n\nReturn-Path: <no@b.example>\n", b"", ""),
        (b"From: Ann <ann@example.org>\n\n", b"", "ann@example.org"),
        (b"FROM:\n\tann@example.org (Ann)\n\n", b"", "ann@example.org"),
        (b'From: "<x@y.example>" <ann@example.org>\n\n', b"", "ann@example.org"),
        (b"From: Ann <ann@example.org>\n\n", LINE.replace(b"ann", b"env"), "env@example.org"),
        (b"From: Ann <ann@example.org>\n\n", b"From - Thu Jan  1 00:00:00 2026\n", "ann@example.org"),
        ("From: Ann <änn@example.org>\n\n".encode(), b"", ""),
        (b"From: a@b.example\r\nX: y\r\n\r\nx", b"", "a@b.example"),
        (b"From: nobody\n\n", b"", ""),
    ],
)
def test_the_envelope_sender(raw: bytes, line: bytes, sender: str) -> None:
    assert envelope_sender(raw, line) == sender


@given(st.binary(max_size=300))
def test_a_sender_is_always_fit_for_a_header(octets: bytes) -> None:
    sender = envelope_sender(b"From: " + octets)
    assert sender == "" or (sender.isascii() and sender.isprintable() and "@" in sender and " " not in sender)


@pytest.mark.skipif(not CORPORA.is_dir(), reason="no corpora beside the repository")
def test_every_mail_of_the_corpora_is_found() -> None:
    for folder, count in (("ham/hard_ham", 249), ("ham/easy_ham_2", 1399)):
        items = found(CORPORA / folder)
        assert len(items) == count
        assert not strays(CORPORA / folder)
        assert sum(bool(item.read().sender) for item in items) > 0.95 * count
