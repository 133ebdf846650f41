"""``postbox distil --jsonl`` over whole mails: transfer encodings and charsets do not keep styles from being seen."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable

import pytest

from postbox.ingest.filters.distil import distil_row

SECRET = "quiet otter sentence"
HTML = f"<p>Guten Tag, schöne Grüße</p><p style='font-size:0'>{SECRET}</p><p>Ende</p>"
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.encodebytes,
    "quoted-printable": lambda octets: quopri.encodestring(octets, quotetabs=True),
    "8bit": lambda octets: octets,
    "BASE64": base64.b64encode,
}


def _shown(eml: bytes) -> tuple[str, list[dict[str, str]]]:
    row = distil_row({"eml": base64.b64encode(eml).decode()})
    return row["text"], row["hidden"]


def _mail(kind: str, encoding: str, body: bytes) -> bytes:
    head = f"From: a@a.example\nSubject: x\nMIME-Version: 1.0\nContent-Type: {kind}\n"
    return f"{head}Content-Transfer-Encoding: {encoding}\n\n".encode() + body


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "UTF8", "iso-8859-15", "cp850"])
def test_a_body_in_any_encoding_is_read_and_judged(encoding: str, charset: str) -> None:
    body = ENCODINGS[encoding](HTML.encode(charset))
    if encoding == "8bit" and charset == "utf-16":
        pytest.skip("Line ends in UTF-16 are no line ends of a mail.")
    text, hidden = _shown(_mail(f"text/html; charset={charset}", encoding, body))
    assert "Guten Tag, schöne Grüße" in text
    assert "Ende" in text
    assert SECRET not in text
    assert any(SECRET in item["text"] and item["reason"] == "font_size" for item in hidden)


@pytest.mark.parametrize("charset", ["koi8-r", "windows-1251", "iso-2022-jp", "gb18030", "shift_jis", "nonsense", '""'])
def test_the_hidden_stays_hidden_in_odd_charsets(charset: str) -> None:
    html = f"<p>words</p><div hidden>{SECRET}</div>"
    text, _ = _shown(_mail(f"text/html; charset={charset}", "base64", base64.encodebytes(html.encode())))
    assert text == "words"


def test_a_stub_beside_encoded_html() -> None:
    parts = (
        "--b\nContent-Type: text/plain\n\nstub\n--b\nContent-Type: text/html; charset=utf-8\n"
        f"Content-Transfer-Encoding: base64\n\n{base64.encodebytes(HTML.encode()).decode()}\n--b--\n"
    )
    text, _ = _shown(_mail('multipart/alternative; boundary="b"', "7bit", parts.encode()))
    assert "Grüße" in text
    assert SECRET not in text


def test_soft_line_breaks_inside_a_style() -> None:
    body = f'<p style=3D"dis=\nplay:no=\nne">{SECRET}</p><p>shown</p>'.encode()
    assert _shown(_mail("text/html", "quoted-printable", body))[0] == "shown"
