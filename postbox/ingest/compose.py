"""A mail that came already parsed, put back into MIME, so that one kind of mail is stored and one path reads it.

Decides the MIME form, the same bytes for the same input, so that a retry is known. It never alters what the parts say.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from postbox.api.errors import Invalid

_OWN = {"content-type", "content-transfer-encoding", "content-disposition", "mime-version", "content-id"}
_POLICY = SMTP.clone(max_line_length=0, utf8=True, refold_source="none")


def raw_from(parsed: dict[str, Any]) -> bytes:
    """RFC 5322 bytes of ``{"headers", "text", "html", "attachments"}``. Raises Invalid where it cannot be a mail."""
    mail = EmailMessage(policy=_POLICY)
    _set_body(mail, parsed.get("text") or "", parsed.get("html") or "")
    for index, item in enumerate(parsed.get("attachments") or []):
        _attach(mail, index, item)
    _set_boundaries(mail, _fingerprint(parsed))
    lines = b"".join(_header_line(name, value) for name, value in _headers(parsed.get("headers") or {}))
    return lines + mail.as_bytes()


def _headers(headers: dict[str, Any] | list[list[str]]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, Any]] = list(headers.items()) if isinstance(headers, dict) else [(k, v) for k, v in headers]
    flat = [(name, item) for name, value in pairs for item in (value if isinstance(value, list) else [value])]
    return [(str(name), str(value)) for name, value in flat if str(name).lower() not in _OWN]


def _header_line(name: str, value: str) -> bytes:
    if not name.isascii() or not name.isprintable() or ":" in name or " " in name or not name:
        raise Invalid(errors=[{"path": "parsed.headers", "message": f"Not a header name: {name[:40]!r}."}])
    # A value may have come folded; what is left after unfolding may not start a line of its own.
    unfolded = " ".join(value.replace("\x00", "").split("\n")).replace("\r", " ")
    return f"{name}: {unfolded}\r\n".encode("utf-8", "replace")


def _set_body(mail: EmailMessage, text: str, html: str) -> None:
    if text or not html:
        mail.set_content(_clean(text), cte="base64")
        if html:
            mail.add_alternative(_clean(html), subtype="html", cte="base64")
    else:
        mail.set_content(_clean(html), subtype="html", cte="base64")


def _attach(mail: EmailMessage, index: int, item: dict[str, Any]) -> None:
    path = f"parsed.attachments.{index}"
    try:
        content = base64.b64decode(item.get("content") or "", validate=True)
    except binascii.Error as error:
        raise Invalid(errors=[{"path": f"{path}.content", "message": "Not base64."}]) from error
    main, _, sub = str(item.get("type") or "application/octet-stream").partition("/")
    if not (main.isalnum() and sub and sub.replace("-", "").replace("+", "").replace(".", "").isalnum()):
        main, sub = "application", "octet-stream"
    if main in {"multipart", "message"}:
        main, sub = "application", "octet-stream"
    name = _clean(str(item.get("name") or f"attachment-{index + 1}")).replace("\r", " ").replace("\n", " ")
    mail.add_attachment(content, maintype=main, subtype=sub, filename=name)


def _set_boundaries(mail: EmailMessage, fingerprint: str) -> None:
    for index, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"postbox-{fingerprint}-{index}")


def _fingerprint(parsed: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parsed, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
