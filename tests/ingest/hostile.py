"""Mails that are built to hurt a parser, and the code of the limit that each must run into ("" when it parses)."""

from __future__ import annotations

HEAD = b"From: a@example.com\nTo: b@example.org\nSubject: hostile\nDate: Mon, 02 Mar 2026 08:00:00 +0000\n"
MIB = 1024 * 1024


def multipart(count: int, part: bytes, boundary: bytes = b"b") -> bytes:
    return b"%sContent-Type: multipart/mixed; boundary=%s\n\n%s--%s--\n" % (
        HEAD,
        boundary,
        (b"--%s\n%s\n" % (boundary, part)) * count,
        boundary,
    )


def nested(depth: int) -> bytes:
    levels = (b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    return HEAD + b"".join(levels) + b"\nbottom\n"


def from_field(value: bytes) -> bytes:
    return b"From: %s\nTo: b@example.org\n\nx\n" % value


# The cases that the standard library was measured on.
MEASURED = {
    "31 KiB of semicolons": (
        HEAD + b"Content-Type: " + b";" * 31 * 1024 + b"\n\nx",
        "parameter_header_too_large",
    ),
    "unclosed attribute": (HEAD + b"Content-Type: text/html\n\n" + b'<a x="' * 16_000, ""),
    "100,000 parts": (multipart(100_000, b"\n"), "too_many_parts"),
    "nested 3,000 deep": (nested(3000), "nested_too_deep"),
    "nested comments": (from_field(b"(" * 512 + b")" * 512 + b" a@example.com"), "comments_too_deep"),
    "open comments": (from_field(b"(" * 1024 + b"a@example.com"), "comments_too_deep"),
    "two From fields": (b"From: a@example.com\n" + HEAD + b"\nx", ""),
    "path in a name": (HEAD + b'Content-Disposition: attachment; filename="../../etc/passwd"\n\nx', ""),
}

LIMITS = {
    "message": (b"x" * (25 * MIB + 1), "message_too_large"),
    "headers": (b"X-A: " + b"a" * 100 * 1024 + b"\n" + HEAD + b"\nx", "headers_too_large"),
    "headers without end": (b"X-A: a\n" + b" a\n" * 8 * MIB, "headers_too_large"),
    "headers of all parts": (
        multipart(400, b"X-A: " + b"a" * 2000 + b"\n\nx"),
        "headers_too_large",
    ),
    "header count": (b"X-A: a\n" * 1001 + HEAD + b"\nx", "too_many_headers"),
    "Content-Disposition": (
        HEAD + b"Content-Disposition: attachment; filename=" + b"a" * 2048 + b"\n\nx",
        "parameter_header_too_large",
    ),
    "Content-Type of a part": (
        multipart(1, b"Content-Type: text/plain; a=" + b"a" * 2048 + b"\n\nx"),
        "parameter_header_too_large",
    ),
    "addresses": (
        HEAD + b"Cc: " + b", ".join(b"a%d@example.com" % n for n in range(501)) + b"\n\nx",
        "too_many_addresses",
    ),
    "depth": (nested(21), "nested_too_deep"),
    "parts": (multipart(500, b"\nx"), "too_many_parts"),
    "boundary": (multipart(1, b"\nx", b"b" * 201), "boundary_too_long"),
    "comments": (from_field(b"(" * 21 + b")" * 21 + b" a@example.com"), "comments_too_deep"),
    "hops": (b"Received: from a by b; x\n" * 51 + HEAD + b"\nx", "too_many_hops"),
}

WITHIN = {
    "header just fits": (b"X-A: " + b"a" * 90 * 1024 + b"\n" + HEAD + b"\nx", ""),
    "500 addresses": (
        b"From: a@example.com\nTo: " + b", ".join(b"a%d@example.com" % n for n in range(499)) + b"\n\nx",
        "",
    ),
    "depth 20": (nested(20), ""),
    "400 parts": (multipart(400, b"Content-Type: text/plain\n\nx"), ""),
    "boundary of 70": (multipart(2, b"\nx", b"b" * 70), ""),
    "50 hops": (b"Received: from a by b; x\n" * 50 + HEAD + b"\nx", ""),
}

# Quadratic or deep in one parser or another, at the size that the limits let through.
TRAPS = {
    "semicolons in many parts": (
        multipart(190, b"Content-Type: text/plain" + b";" * 2000 + b"\n\nx"),
        "",
    ),
    "semicolons in a multipart": (
        HEAD + b"Content-Type: multipart/mixed" + b"; " * 45_000 + b"\n\nx",
        "parameter_header_too_large",
    ),
    "escaped quotes": (
        HEAD + b'Content-Type: multipart/mixed; a="' + b'\\"' * 45_000 + b"\n\nx",
        "parameter_header_too_large",
    ),
    "unfinished encoded words": (b"Subject: " + b"=?a?q?" * 16_000 + b"\n" + HEAD + b"\nx", ""),
    "empty encoded words": (b"Subject: " + b"=?a?q??= " * 11_000 + b"\n" + HEAD + b"\nx", ""),
    "enclosed messages": (HEAD + b"Content-Type: message/rfc822\n\n" * 6000, ""),
    "enclosed in parts": (multipart(2, b"Content-Type: message/rfc822\n\n" * 3000), ""),
    "at signs": (from_field(b"@" * 90_000), ""),
    "open angles": (from_field(b"<" * 45_000 + b"@" * 45_000), ""),
    "open quote": (from_field(b'"' + b"@" * 90_000), ""),
    "escapes": (from_field(b"\\" * 90_000 + b"@"), ""),
    "dots": (from_field(b"a." * 45_000 + b"@b"), ""),
    "commas": (from_field(b"," * 90_000), ""),
    "open ids": (b"References: " + b"<" * 90_000 + b"\n" + HEAD + b"\nx", ""),
    "spaces in an id": (b"References: <" + b" " * 90_000 + b"\n" + HEAD + b"\nx", ""),
    "date words": (b"Date: " + b"Mon, " * 18_000 + b"\n\nx", ""),
    "false delimiters": (multipart(1, b"\n" + b"--bx\n" * MIB), ""),
    "padded false delimiter": (multipart(1, b"\n--b" + b" " * 4 * MIB + b"x"), ""),
    "empty lines": (multipart(1, b"\n" * 8 * MIB), ""),
    "Content-Type lines in a body": (multipart(1, b"\n" + b"Content-Type: text/plain\n" * 200_000), ""),
    "bare CR": (HEAD + b"\n" + b"\r" * 8 * MIB, ""),
    "only CR": (b"\r" * 8 * MIB, ""),
    "no header": (b"x" * 25 * MIB, ""),
    "base64 padding": (HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"QQ==\n" * MIB, ""),
    "uuencode lines": (HEAD + b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n" + b"!  \n" * 2 * MIB, ""),
    "flowed lines": (HEAD + b"Content-Type: text/plain; format=flowed\n\n" + b"> \n" * 2 * MIB, ""),
    "continued parameters": (
        multipart(
            300,
            b"Content-Type: image/png" + b"".join(b"; name*%d*=%%ff" % n for n in range(99)) + b"\n\nx",
        ),
        "",
    ),
    "NUL": (HEAD + b"\n" + b"\0" * 8 * MIB, ""),
    "wrong charset": (HEAD + b"Content-Type: text/plain; charset=gb18030\n\n" + b"\xff" * 8 * MIB, ""),
}
