"""A mail that came already parsed, put back into MIME, so that one kind of mail is stored and one path reads it.

Decides the MIME form, the same bytes for the same input, so that a retry is known. It never alters what the parts say.
"""

from __future__ import annotations

import hashlib
import json
import re
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

_OWN = {"content-type", "content-transfer-encoding", "content-disposition", "mime-version", "content-id"}
_NOT_IN_NAME = re.compile(r"[^\x21-\x39\x3b-\x7e]")  # RFC 5322, section 3.6.8
_TYPE = re.compile(r"([A-Za-z0-9-]{1,64})/([A-Za-z0-9.+_-]{1,64})")
_POLICY = SMTP.clone(max_line_length=0, utf8=True, refold_source="none")


def raw_from(parsed: dict[str, Any]) -> bytes:
    """RFC 5322 bytes of ``{"headers", "text", "html", "attachments"}``; attachments hold ``content`` as bytes.

    Whatever the strings hold there is a mail of it: what cannot stand in one is replaced, never refused.
    """
    mail = EmailMessage(policy=_POLICY)
    _set_body(mail, parsed.get("text") or "", parsed.get("html") or "")
    for index, item in enumerate(parsed.get("attachments") or [], start=1):
        _attach(mail, index, item)
    _set_boundaries(mail, _fingerprint(parsed))
    lines = b"".join(_header_line(name, value) for name, value in _headers(parsed.get("headers") or {}))
    return lines + mail.as_bytes()


def _headers(headers: dict[str, str | list[str]]) -> list[tuple[str, str]]:
    flat = [(name, item) for name, value in headers.items() for item in (value if isinstance(value, list) else [value])]
    return [(name, value) for name, value in flat if name.lower() not in _OWN]


def _header_line(name: str, value: str) -> bytes:
    sane = _NOT_IN_NAME.sub("_", name) or "_"
    # A value may have come folded; what is left after unfolding may not start a line of its own.
    return f"{sane}: {_one_line(_clean(value))}\r\n".encode()


def _set_body(mail: EmailMessage, text: str, html: str) -> None:
    if text or not html:
        mail.set_content(_clean(text), cte="base64")
        if html:
            mail.add_alternative(_clean(html), subtype="html", cte="base64")
    else:
        mail.set_content(_clean(html), subtype="html", cte="base64")


def _attach(mail: EmailMessage, number: int, item: dict[str, Any]) -> None:
    known = _TYPE.match(item.get("type") or "")
    main, sub = known.groups() if known else ("application", "octet-stream")
    if main.lower() in {"multipart", "message"}:  # these would be parts of this mail, no files
        main, sub = "application", "octet-stream"
    name = _one_line(_clean(item.get("name") or "")) or f"attachment-{number}"
    mail.add_attachment(item.get("content") or b"", maintype=main, subtype=sub, filename=name)


def _set_boundaries(mail: EmailMessage, fingerprint: str) -> None:
    for index, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"postbox-{fingerprint}-{index}")


def _fingerprint(parsed: dict[str, Any]) -> str:
    said = json.dumps(parsed, sort_keys=True, default=lambda content: hashlib.sha256(content).hexdigest())
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
