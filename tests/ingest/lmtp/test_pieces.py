"""Reading commands and mails, whatever comes."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.ingest.lmtp.commands import Client, Refused, forwarded, recipient, sender
from postbox.ingest.lmtp.data import Hands, Mail, has_line_over
from postbox.ingest.lmtp.lines import Reader
from postbox.ingest.lmtp.replies import Reply, enhanced


@pytest.mark.parametrize(
    ("argument", "address"),
    [
        ("FROM:<ann@x.example>", "ann@x.example"),
        ("from: <ann@x.example> SIZE=17 BODY=8bitmime smtputf8", "ann@x.example"),
        ("FROM:<@a.example,@b.example:ann@x.example>", "ann@x.example"),
        ('FROM:<"ann > lee"@x.example>', '"ann > lee"@x.example'),
        ("FROM:<>", ""),
        (f"FROM:<bounces+{'v' * 90}=x.example@y.example>", f"bounces+{'v' * 90}=x.example@y.example"),
    ],
)
def test_senders(argument: str, address: str) -> None:
    assert sender(argument) == address


@pytest.mark.parametrize(
    ("argument", "reply"),
    [
        (None, Reply.SYNTAX),
        ("FROM:ann@x.example", Reply.SYNTAX),
        ("TO:<ann@x.example>", Reply.SYNTAX),
        ("FROM:<ann>", Reply.BAD_SENDER),
        (f"FROM:<{'a' * 200}@{'b' * 200}>", Reply.BAD_SENDER),
        ("FROM:<ann@x.example> RET=FULL", Reply.BAD_PARAMETER),
        ("FROM:<ann@x.example> SIZE=" + "9" * 2000, Reply.TOO_LARGE),
        ("FROM:<\udcff@x.example>", Reply.BAD_SENDER),
    ],
)
def test_senders_refused(argument: str | None, reply: Reply) -> None:
    with pytest.raises(Refused) as refused:
        sender(argument)
    assert refused.value.reply is reply


@pytest.mark.parametrize("argument", ["TO:<>", "TO:<robin>", "TO:<a@b@c.example>"])
def test_recipients_refused(argument: str) -> None:
    with pytest.raises(Refused) as refused:
        recipient(argument)
    assert refused.value.reply is Reply.BAD_RECIPIENT


@given(st.text(max_size=300))
def test_a_command_is_read_or_refused(text: str) -> None:
    for read in (sender, recipient):
        for start in ("", "FROM:<", "TO:<"):
            try:
                found = read(start + text)
            except Refused:
                continue
            assert "\r" not in found
            assert "\n" not in found
    try:
        client = forwarded(text, Client())
    except Refused:
        return
    assert client.said


@pytest.mark.parametrize("argument", ["", "ADDR", "ADDR=300.1.1.1", "ADDR=x", "LOGIN=root"])
def test_xforward_refused(argument: str) -> None:
    with pytest.raises(Refused):
        forwarded(argument, Client())


async def _read(pieces: list[bytes], hands: Hands, limit: int) -> tuple[bytes, bytes]:
    reader = Reader(limit=limit)

    async def feed() -> None:
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)
        reader.feed_eof()

    feeding = asyncio.create_task(feed())
    mail = Mail(hands)
    try:
        raw = await mail.read(reader)
    finally:
        mail.drop()
    await feeding
    return raw, await reader.read()


_LINES = st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\r", b".").replace(b"\n", b"")), max_size=8)


@given(_LINES, st.lists(st.integers(1, 40), max_size=20), st.sampled_from([7, 32, 4096]))
def test_what_was_stuffed_comes_out_whatever_the_packets(lines: list[bytes], cuts: list[int], limit: int) -> None:
    sent = b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines) + b".\r\nQUIT\r\n"
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(sent[at : at + cut])
        at += cut
    hands = Hands()
    raw, rest = asyncio.run(_read([*pieces, sent[at:]], hands, limit))
    assert raw == b"".join(line + b"\r\n" for line in lines)
    assert rest == b"QUIT\r\n"
    assert hands.take(128 * 1024 * 1024)  # all was given back


@given(st.lists(st.integers(0, 12), max_size=30), st.integers(2, 9), st.booleans())
def test_a_line_too_long_is_found_wherever_it_stands(lengths: list[int], most: int, ends: bool) -> None:
    lines = [b"x" * length for length in lengths]
    raw = b"\r\n".join(lines) + (b"\r\n" if ends and lines else b"")
    assert has_line_over(most, raw) is any(len(line) > most for line in raw.splitlines(keepends=True))


def test_a_mail_of_empty_lines_costs_no_more_than_another() -> None:
    raw = b"\r\n" * 4_000_000
    began = time.process_time()
    assert asyncio.run(_read([raw, b".\r\n"], Hands(), 64 * 1024)) == (raw, b"")
    assert time.process_time() - began < 2


def test_every_reply_has_an_enhanced_code() -> None:
    for line in ("500 Error: bad syntax", "501 Syntax: RSET", "250 OK", "221 Bye"):
        assert enhanced(line)[4] == line[0]
        assert enhanced(line)[5] == "."
    assert enhanced("220 host LMTP") == "220 host LMTP"
