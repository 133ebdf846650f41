"""Content-Transfer-Encoding undone (RFC 2045 section 6).

Decides which octets a body stands for, as best it can where the encoding is broken. It never fails.
"""

from __future__ import annotations

import binascii
import re

from postbox.ingest.defects import Defect

_IDENTITY = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "plain"})
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_BASE64_RUN = re.compile(rb"[^=]+=*+")
_BASE64_RUNS = 1000
_UU_LINES = 200_000


def decode_transfer(body: bytes, encoding: str) -> tuple[bytes, Defect | None]:
    """Octets and what was wrong. An unknown encoding leaves the body as it is."""
    encoding = encoding.partition(";")[0].strip("\"' \t").lower() if encoding else ""
    if encoding in _IDENTITY:
        return body, None
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body), None
    if encoding == "base64":
        return _base64(body)
    if encoding in ("x-uuencode", "uuencode", "x-uue"):
        return _uuencoded(body)
    return body, Defect.TRANSFER_UNKNOWN


def _base64(body: bytes) -> tuple[bytes, Defect | None]:
    try:
        decoded = binascii.a2b_base64(body)
    except binascii.Error:
        return _base64_runs(body), Defect.TRANSFER_BROKEN
    # Padding inside: some readers stop there and some go on, so that what follows must not get past us.
    if b"=" in body.rstrip(b"=\r\n\t "):
        return _base64_runs(body), Defect.TRANSFER_BROKEN
    return decoded, None


def _base64_runs(body: bytes) -> bytes:
    """Every padded run decoded by itself, a last incomplete group completed."""
    out = []
    for count, run in enumerate(_BASE64_RUN.finditer(body.translate(None, _NOT_BASE64))):
        if count == _BASE64_RUNS:
            break
        digits = run[0].rstrip(b"=")
        digits = digits[:-1] if len(digits) % 4 == 1 else digits
        out.append(binascii.a2b_base64(digits + b"=" * (-len(digits) % 4)))
    return b"".join(out)


def _uuencoded(body: bytes) -> tuple[bytes, Defect | None]:
    begin = re.search(rb"^begin [0-7]{3,4} ", body, re.MULTILINE)
    if not begin:
        return body, Defect.TRANSFER_BROKEN
    out, defect = [], None
    for line in body[begin.start() :].split(b"\n", _UU_LINES)[1:]:
        line = line.rstrip(b"\r")
        if line in (b"end", b"`", b""):
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            defect = Defect.TRANSFER_BROKEN
    return b"".join(out), defect
