"""A draft as the octets that are sent (RFC 5322, RFC 2045).

Decides the form of the message: one Message-ID for good, threading headers, Auto-Submitted (RFC 3834), a text part
where only HTML was given, bcc in no header. It never decides who gets it and signs nothing (outbound.dkim does).
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from outbound import unsubscribing
from outbound.draft import Draft, Mailbox
from outbound.folding import POLICY
from outbound.html_text import text_of
from outbound.models import Role
from postbox.identity.hops import HEADER, stamp
from postbox.lib import clock

_TYPE = re.compile(r"([A-Za-z0-9-]{1,64})/([A-Za-z0-9.+_-]{1,64})")
REFERENCES = 20
# What the standard library writes as it is, on one line.
_PLAIN_SUBJECT = re.compile(r"(?=.{1,60}\Z)[!-<>-~]+(?: [!-<>-~]+)*")
_CONTROLS = re.compile(r"[^\n\t -~]")
_ON_A_LINE = 60
# RFC 5322, section 2.1.1 allows 998: lines of text go as they are written up to this.
_LONGEST_LINE = 990


def message_id_of(message_id: uuid.UUID, domain: str) -> str:
    """The Message-ID of a message of ours: it can be read back by ``own_id``."""
    return f"<{message_id.hex}@{domain}>"


def own_id(message_id: str) -> uuid.UUID | None:
    """Our id in a Message-ID that ``message_id_of`` made; None for any other."""
    name = message_id.strip().strip("<>").partition("@")[0]
    try:
        found = uuid.UUID(hex=name) if len(name) == 32 else None
    except ValueError:
        return None
    return found if found and found.version == 7 else None


def compose(draft: Draft, sender: Mailbox, message_id: uuid.UUID, at: datetime | None = None) -> bytes:
    """The message with CRLF line ends, from ``sender``."""
    return plain(draft, sender, message_id, at) or _composed(draft, sender, message_id, at)


def plain(draft: Draft, sender: Mailbox, message_id: uuid.UUID, at: datetime | None = None) -> bytes | None:
    """The same octets for what most agents send, a plain ASCII text, in a tenth of the time; None for all
    other mail.
    """
    boxes = [(recipient.role, recipient.box) for recipient in draft.recipients]
    if draft.html or draft.attachments or draft.unsubscribe or draft.headers or draft.references or draft.in_reply_to:
        return None
    to = [box.address for role, box in boxes if role == Role.TO]
    is_simple = len(to) == len(boxes) == 1 and not boxes[0][1].name and not sender.name
    if not is_simple or not draft.text.isascii() or _CONTROLS.search(draft.text):
        return None
    if not _PLAIN_SUBJECT.fullmatch(draft.subject) or max(len(to[0]), len(sender.address)) > _ON_A_LINE:
        return None
    text = draft.text if draft.text.endswith("\n") else f"{draft.text}\n"
    if not _is_short_lined(text):
        return None
    name = message_id_of(message_id, sender.address.rpartition("@")[2])
    hop = f"{HEADER}: {stamp(message_id, draft.hops + 1)}\r\n"
    automatic = "" if draft.by_person else "Auto-Submitted: auto-generated\r\n"
    automatic += hop if draft.is_automatic else ""
    head = (
        f"From: {sender.address}\r\nTo: {to[0]}\r\nSubject: {draft.subject}\r\n"
        f"Date: {format_datetime(at or clock.now())}\r\nMessage-ID: {name}\r\n{automatic}"
        'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\nMIME-Version: 1.0\r\n\r\n'
    )
    return (head + text.replace("\n", "\r\n")).encode("ascii")


def _composed(draft: Draft, sender: Mailbox, message_id: uuid.UUID, at: datetime | None = None) -> bytes:
    mail = EmailMessage(policy=POLICY)
    domain = sender.address.rpartition("@")[2]
    mail["From"] = _shown(sender)
    for role, name in ((Role.TO, "To"), (Role.CC, "Cc")):
        if boxes := [_shown(recipient.box) for recipient in draft.recipients if recipient.role == role]:
            mail[name] = boxes
    if "To" not in mail and "Cc" not in mail:
        mail["To"] = "undisclosed-recipients:;"
    mail["Subject"] = draft.subject
    mail["Date"] = at or clock.now()
    mail["Message-ID"] = message_id_of(message_id, domain)
    _thread(mail, draft)
    if not draft.by_person:  # what an agent answers of its own is no automatic response: others may act on it
        mail["Auto-Submitted"] = "auto-replied" if draft.is_automatic and draft.in_reply_to else "auto-generated"
    if draft.is_automatic:
        mail[HEADER] = stamp(message_id, draft.hops + 1)
    if urls := unsubscribing.urls(draft, message_id, sender.address):
        mail["List-Unsubscribe"] = ", ".join(f"<{url}>" for url in urls)
        if any(url.startswith("https:") for url in urls):
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    for name, value in draft.headers:
        mail[name] = value
    _body(mail, draft)
    for file in draft.attachments:
        _attach(mail, file.name, file.content_type, file.content)
    return mail.as_bytes()


def _shown(box: Mailbox) -> Address:
    return Address(box.name, addr_spec=box.address)


def _thread(mail: EmailMessage, draft: Draft) -> None:
    if draft.in_reply_to:
        mail["In-Reply-To"] = draft.in_reply_to
    names = list(dict.fromkeys([*draft.references, draft.in_reply_to] if draft.in_reply_to else draft.references))
    if len(names) > REFERENCES:  # the first names the conversation, the last what is answered
        names = [names[0], *names[1 - REFERENCES :]]
    if names:
        mail["References"] = " ".join(names)


def _body(mail: EmailMessage, draft: Draft) -> None:
    text = draft.text if draft.text or not draft.html else text_of(draft.html)
    lines = _lines(text)
    cte = "7bit" if lines.isascii() and _is_short_lined(lines) else None
    mail.set_content(lines, charset="utf-8", cte=cte)
    if draft.html:
        mail.add_alternative(_lines(draft.html), subtype="html", charset="utf-8")


def _is_short_lined(text: str) -> bool:
    return max(map(len, text.split("\n"))) <= _LONGEST_LINE


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").encode("utf-8", "replace").decode()


def _attach(mail: EmailMessage, name: str, content_type: str, content: bytes) -> None:
    found = _TYPE.fullmatch(content_type)
    main, sub = (found[1].lower(), found[2].lower()) if found else ("application", "octet-stream")
    if main in {"multipart", "message"}:  # these would be parts of this mail, no files
        main, sub = "application", "octet-stream"
    mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
