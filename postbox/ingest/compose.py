"""A mail that came already parsed, put back into MIME, so that one kind of mail is stored and one path reads it.

Decides the MIME form, the same bytes for the same input, so that a retry is known. It never alters what the parts say.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

_OWN = {"content-type", "content-transfer-encoding", "content-disposition", "mime-version", "content-id"}
_NOT_IN_NAME = re.compile(r"[^\x21-\x39\x3b-\x7e]")  # RFC 5322, section 3.6.8
_TYPE = re.compile(r"[A-Za-z0-9-]{1,64}/[A-Za-z0-9.+_-]{1,64}")
_UNKNOWN = "application/octet-stream"
_NAME = 150  # characters; in RFC 2231's form at most twelve octets each, which is within limits.PARAMETER_HEADER_BYTES


def raw_from(parsed: dict[str, Any]) -> bytes:
    """RFC 5322 bytes of ``{"headers", "text", "html", "attachments"}``; attachments hold ``content`` as bytes.

    Whatever the strings hold there is a mail of it: what cannot stand in one is replaced, never refused.
    """
    mark = _fingerprint(parsed)
    body = _body(parsed.get("text") or "", parsed.get("html") or "", f"{mark}-0")
    files = [_file(number, item) for number, item in enumerate(parsed.get("attachments") or [], start=1)]
    if files:
        body = _multipart("mixed", f"{mark}-1", [body, *files])
    return b"".join(_headers(parsed.get("headers") or {})) + b"MIME-Version: 1.0\r\n" + body


def _headers(headers: dict[str, str | list[str]]) -> list[bytes]:
    flat = [(name, item) for name, value in headers.items() for item in (value if isinstance(value, list) else [value])]
    return [_header_line(name, value) for name, value in flat if name.lower() not in _OWN]


def _header_line(name: str, value: str) -> bytes:
    sane = _NOT_IN_NAME.sub("_", name) or "_"
    # A value may have come folded; what is left after unfolding may not start a line of its own.
    return f"{sane}: {_one_line(_clean(value))}\r\n".encode()


def _body(text: str, html: str, mark: str) -> bytes:
    plain = _leaf("text/plain; charset=utf-8", _clean(text).encode())
    rich = _leaf("text/html; charset=utf-8", _clean(html).encode())
    if text and html:
        return _multipart("alternative", mark, [plain, rich])
    return rich if html else plain


def _file(number: int, item: dict[str, Any]) -> bytes:
    known = _TYPE.match(item.get("type") or "")
    kind = known.group() if known else _UNKNOWN
    if kind.lower().startswith(("multipart/", "message/")):  # these would be parts of this mail, no files
        kind = _UNKNOWN
    name = quote(_short(_one_line(_clean(item.get("name") or "")) or f"attachment-{number}"), safe="")
    disposition = f"Content-Disposition: attachment; filename*=utf-8''{name}\r\n"
    return _leaf(kind, item.get("content") or b"", disposition)


def _leaf(kind: str, content: bytes, more: str = "") -> bytes:
    head = f"Content-Type: {kind}\r\n{more}Content-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")


def _multipart(kind: str, mark: str, parts: Sequence[bytes]) -> bytes:
    """RFC 2046, section 5.1.1. Leaves are base64, in which no line begins with a hyphen."""
    head = f'Content-Type: multipart/{kind}; boundary="postbox-{mark}"\r\n\r\n'.encode()
    line = f"--postbox-{mark}".encode()
    return head + b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


def _fingerprint(parsed: dict[str, Any]) -> str:
    said = json.dumps(parsed, sort_keys=True, default=lambda content: hashlib.sha256(content).hexdigest())
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _short(name: str) -> str:
    """With its end, where the extension is."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 40]}…{name[-39:]}"
