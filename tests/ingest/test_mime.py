"""From raw mail to its decoded parts: our fixtures, hostile mail and any octets."""

from __future__ import annotations

import dataclasses
import json
import logging
import subprocess
import sys
import time
from email import policy
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postbox.ingest import mime
from postbox.ingest.limits import LimitExceeded, checked_outline
from postbox.ingest.mime import Unparsable, attachment_bytes, parse
from postbox.ingest.tree import Node, skeleton
from postbox.mail.parsed import ParsedMail
from tests.ingest.hostile import HEAD, LIMITS, MEASURED, TRAPS, WITHIN, multipart
from tests.stalls import cpu_within

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "mime"
HOSTILE = MEASURED | LIMITS | WITHIN | TRAPS


def as_json(mail: ParsedMail) -> dict[str, Any]:
    found = dataclasses.asdict(mail)
    del found["headers"], found["_by_name"]
    found["date"] = mail.date.isoformat() if mail.date else None
    return dict(json.loads(json.dumps(found)))


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.eml")))
def test_fixture(name: str) -> None:
    raw = (FIXTURES / f"{name}.eml").read_bytes()
    expected = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    assert as_json(parse(raw)) == expected


@pytest.mark.parametrize("name", ["alternative_related", "forwarded_and_digest", "attachment_names"])
def test_line_ends_make_no_difference(name: str) -> None:
    raw = (FIXTURES / f"{name}.eml").read_bytes().replace(b"\r\n", b"\n")
    sizes = [attachment.name for attachment in parse(raw).attachments]
    for end in (b"\r\n", b"\r"):
        other = parse(raw.replace(b"\n", end))
        assert [attachment.name for attachment in other.attachments] == sizes
        assert (other.subject, other.from_, other.html) == (parse(raw).subject, parse(raw).from_, parse(raw).html)


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_mail_ends_within_a_second(case: str) -> None:
    raw, code = HOSTILE[case]
    started = time.thread_time()
    found = ""
    try:
        parse(raw)
    except LimitExceeded as error:
        found = error.code
    assert time.thread_time() - started < 1
    assert found == code


def test_a_second_author_is_seen_wherever_he_hides() -> None:
    for authors in (
        b"From: a@example.com\nFrom: b@example.net\n",
        b"From: a@example.com, b@example.net\n",
        b"From: A <a@example.com> <b@example.net>\n",
        b'From: "a@example.com", <b@example.net>\n',
        b"FROM : a@example.com\nfrom: b@example.net\n",
    ):
        mail = parse(authors + b"To: c@example.org\n\nx")
        assert {box.address for box in mail.from_} == {"a@example.com", "b@example.net"}, authors
        assert "from_count" in mail.defects


@pytest.mark.parametrize("field", [b"", b"From:\n", b"From: nobody\n", b"From: undisclosed-recipients:;\n"])
def test_no_author_is_a_defect(field: bytes) -> None:
    mail = parse(field + b"To: c@example.org\n\nx")
    assert mail.from_ == ()
    assert "from_count" in mail.defects


def test_nested_comments_leave_the_address() -> None:
    mail = parse(b"From: " + b"(" * 20 + b")" * 20 + b" a@example.com\nTo: c@example.org\n\nx")
    assert [box.address for box in mail.from_] == ["a@example.com"]


@pytest.mark.parametrize(
    ("field", "address", "name"),
    [
        (b"Ada Example <ada@EXAMPLE.com>", "ada@example.com", "Ada Example"),
        (b'"Doe, Jo" <jo@example.com>', "jo@example.com", "Doe, Jo"),
        (b"jo@example.com (Jo Doe)", "jo@example.com", "Jo Doe"),
        (b"=?utf-8?q?J=C3=B6?= =?utf-8?q?_D?= <jo@example.com>", "jo@example.com", "J\u00f6 D"),
        (b'"=?utf-8?b?SsO2?=" <jo@example.com>', "jo@example.com", "J\u00f6"),
        (b"J\xc3\xb6 <jo@example.com>", "jo@example.com", "J\u00f6"),
        (b"J\xf6 <jo@example.com>", "jo@example.com", "J\u00f6"),
        (b"Brand, Inc. <jo@example.com>", "jo@example.com", "Brand, Inc."),
        (b"bank@bank.example <jo@example.com>", "jo@example.com", "bank@bank.example"),
        (b"Team: <jo@example.com>", "jo@example.com", "Team:"),
        (b"<@relay.example:jo@example.com>", "jo@example.com", ""),
        (b"jo@[192.0.2.1]", "jo@[192.0.2.1]", ""),
        (b"Jo <jo@xn--bcher-kva.example>", "jo@xn--bcher-kva.example", "Jo"),
        (b'"jo doe"@example.com', '"jo doe"@example.com', ""),
        (b"=?utf-8?q?a=00b=0D=0Ac?= <jo@example.com>", "jo@example.com", "a b c"),
    ],
)
def test_author(field: bytes, address: str, name: str) -> None:
    (author,) = parse(b"From: " + field + b"\nTo: c@example.org\n\nx").from_
    assert (author.address, author.name) == (address, name)


def test_group_members_are_listed() -> None:
    mail = parse(b"From: a@example.com\nTo: Team: b@example.com, C <c@example.com>; d@example.com\n\nx")
    assert [box.address for box in mail.to] == ["b@example.com", "c@example.com", "d@example.com"]


def test_a_bare_cr_makes_no_header_field() -> None:
    mail = parse(b"From: a@example.com\r\nSubject: x\rFrom: b@example.net\r\n\r\nx")
    assert [box.address for box in mail.from_] == ["a@example.com"]
    assert mail.subject == "x From: b@example.net"
    assert "bare_cr" in mail.defects


@pytest.mark.parametrize(
    ("charset", "octets", "text", "defect"),
    [
        ("utf-8", "\u20ac".encode(), "\u20ac", None),
        ("iso-8859-1", b"\x80", "\u20ac", None),
        ("GB2312", "\u4f60\u597d".encode("gbk"), "\u4f60\u597d", None),
        ("iso-2022-jp", "\u65e5\u672c".encode("iso-2022-jp"), "\u65e5\u672c", None),
        ("ks_c_5601-1987", "\ud55c".encode("cp949"), "\ud55c", None),
        ("utf-8", b"a\xff", "a\ufffd", "charset_wrong"),
        ("us-ascii", "\u20ac".encode(), "\u20ac", "charset_wrong"),
        ("us-ascii", b"\xe9", "\u00e9", "charset_wrong"),
        ("utf-7", b"+ADw-", "+ADw-", "charset_unknown"),
        ("rot13", b"n", "n", "charset_unknown"),
        ("zlib_codec", b"n", "n", "charset_unknown"),
        ("idna", b"xn--a", "xn--a", "charset_unknown"),
    ],
)
def test_charsets_by_allow_list(charset: str, octets: bytes, text: str, defect: str | None) -> None:
    mail = parse(HEAD + f"Content-Type: text/plain; charset={charset}\n\n".encode() + octets)
    assert mail.text == text
    assert mail.defects == ((defect,) if defect else ())


def test_what_stands_after_base64_padding_is_not_lost() -> None:
    mail = parse(HEAD + b"Content-Transfer-Encoding: base64\n\nc2hvd24=\naGlkZGVu\n")
    assert mail.text == "shownhidden"
    assert mail.defects == ("transfer_broken",)


def test_a_delimiter_must_be_the_whole_line() -> None:
    mail = parse(multipart(1, b"\none\n--bc\n--b x\ntwo"))
    assert mail.text == "one\n--bc\n--b x\ntwo"


def test_an_inner_multipart_ends_at_the_outer_delimiter() -> None:
    raw = HEAD + (
        b"Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n"
        b"--i\n\none\n--o\n\ntwo\n--i\n\nstill two\n--o--\n--o\n\nepilogue\n"
    )
    assert parse(raw).text == "one\ntwo\n--i\n\nstill two\n"


def test_attachments_are_found_again_by_position() -> None:
    raw = (FIXTURES / "attachment_names.eml").read_bytes()
    mail = parse(raw)
    for attachment in mail.attachments:
        assert attachment_bytes(raw, attachment.position) == (attachment, b"%d" % (attachment.position + 1))
    for position in (-1, len(mail.attachments)):
        with pytest.raises(IndexError):
            attachment_bytes(raw, position)


def test_the_standard_parser_takes_what_flanker_gives_up() -> None:
    raw = HEAD + b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n"
    mail = parse(raw)
    assert (mail.parser, mail.defects) == ("email", ("fallback",))
    assert attachment_bytes(raw, 0)[1] == b"Reporting-MTA: dns; mx.example.org\n"


def test_neither_parser_is_an_error_with_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(mime, "_flanker_node", broken)
    monkeypatch.setattr(mime, "_email_node", broken)
    mime._cached_shape.cache_clear()
    with pytest.raises(Unparsable) as caught:
        parse(HEAD + b"\nx")
    assert (caught.value.code, "ValueError" in caught.value.message) == ("unparsable", True)


def test_importing_says_nothing_and_leaves_logging_alone() -> None:
    code = (
        "import logging, warnings; before = list(warnings.filters)\n"
        "import postbox.ingest.mime as m\n"
        "m.parse(b'From: (x a@\\n\\n')\n"
        "assert list(warnings.filters) == before and not logging.getLogger().handlers\n"
        "assert logging.getLogger().level == logging.WARNING and not logging.root.manager.disable\n"
    )
    done = subprocess.run([sys.executable, "-Wdefault", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not logging.getLogger("flanker").propagate


FIELDS = [b"From: ", b"To: a@b.c, ", b"Subject: =?utf-8?q?", b"Date: 1 Jan", b"Message-ID: ", b"Content-ID: <x>\n"]
TYPES = [b"multipart/mixed", b"multipart/alternative", b"multipart/digest", b"text/plain", b"text/html"]
TYPES += [b"message/rfc822", b"message/delivery-status", b"text/rfc822-headers", b"image/png"]
PARAMETERS = [
    b"; boundary=b",
    b'; boundary="c"',
    b"; charset=utf-16",
    b"; name=x",
    b"; format=flowed",
    b"; x*0*=a'b'%ff",
]
LINES = [
    b"\n--b\n",
    b"\n--c\n",
    b"\n--b--\n",
    b"\n--c--\n",
    b"\n\n",
    b"\r\n",
    b"\r",
    b"begin 644 x\n",
    b"QUI=",
    b"cid:x",
]
OTHERS = [b"Content-Transfer-Encoding: base64\n", b"Content-Disposition: attachment; filename*0*=utf-8''%ff"]
SIGNS = [bytes([octet]) for octet in b' \t;"\\()<>@=\0\xff-'] + [b"?=", b"\xe2\x80\xae"]
TYPE_FIELDS = [b"\nContent-Type: " + kind + more + b"\n" for kind in TYPES for more in (b"", *PARAMETERS[:2])]
FRAGMENTS = st.sampled_from(FIELDS + TYPES + PARAMETERS + LINES + OTHERS + SIGNS)
SHAPES = st.lists(st.sampled_from(TYPE_FIELDS + LINES[:5] * 6 + [b"text"]), max_size=30).map(b"".join)


@given(st.one_of(st.binary(max_size=1000), SHAPES, st.lists(FRAGMENTS, max_size=60).map(b"".join)))
@settings(max_examples=600, deadline=None)
def test_any_octets_parse_or_run_into_a_limit(raw: bytes) -> None:
    try:
        with cpu_within(1):
            mail = parse(raw)
    except (LimitExceeded, Unparsable):
        return
    shown = json.dumps(as_json(mail), ensure_ascii=False) + "".join(name + value for name, value in mail.headers)
    shown.encode("utf-8")
    assert "\0" not in mail.text + mail.html + mail.subject + shown
    assert "\r" not in mail.text + mail.html
    for attachment in mail.attachments:
        assert attachment.name
        assert not set(attachment.name) & set("/\\\r\n\0\u202e")
        assert attachment_bytes(raw, attachment.position)[0] == attachment


@given(SHAPES)
@settings(max_examples=600, deadline=None)
def test_both_parsers_build_one_tree(shape: bytes) -> None:
    with cpu_within(1):
        drawn = skeleton(checked_outline(HEAD[:-1] + shape))
        parser, tree = mime._shape(drawn)
    if parser == "flanker":
        assert leaves(tree) == leaves(mime._email_node(Parser(policy=policy.compat32).parsestr(drawn)))


def leaves(node: Node) -> list[tuple[str, tuple[int, ...]]]:
    if node.children is None:
        return [(node.content_type, node.sections)]
    return [leaf for child in node.children for leaf in leaves(child)]
