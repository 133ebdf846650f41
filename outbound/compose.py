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
from email.policy import SMTP

from bs4 import BeautifulSoup

from outbound.draft import Draft, Mailbox
from outbound.models import Role
from postbox.lib import clock

_TYPE = re.compile(r"([A-Za-z0-9-]{1,64})/([A-Za-z0-9.+_-]{1,64})")
_BLANKS = re.compile(r"[ \t\xa0]+")
_GAPS = re.compile(r"\n\s*\n\s*")
# No Content-Transfer-Encoding but 7bit, quoted-printable and base64, so that any server takes it.
_POLICY = SMTP.clone(cte_type="7bit")
REFERENCES = 20


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
    mail = EmailMessage(policy=_POLICY)
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
    if draft.is_automatic:
        mail["Auto-Submitted"] = "auto-replied" if draft.in_reply_to else "auto-generated"
    if draft.unsubscribe:
        mail["List-Unsubscribe"] = ", ".join(f"<{url}>" for url in draft.unsubscribe)
        if any(url.startswith("https:") for url in draft.unsubscribe):
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    for name, value in draft.headers:
        mail[name] = value
    _body(mail, draft)
    for file in draft.attachments:
        _attach(mail, file.name, file.content_type, file.content)
    return mail.as_bytes()


def text_of(html: str) -> str:
    """The words of HTML, for those who read no HTML."""
    soup = BeautifulSoup(html, "lxml")
    for tag in soup(["script", "style", "head", "title"]):
        tag.decompose()
    text = _BLANKS.sub(" ", soup.get_text("\n"))
    return _GAPS.sub("\n\n", text).strip()


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
    mail.set_content(_lines(text), charset="utf-8")
    if draft.html:
        mail.add_alternative(_lines(draft.html), subtype="html", charset="utf-8")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").encode("utf-8", "replace").decode()


def _attach(mail: EmailMessage, name: str, content_type: str, content: bytes) -> None:
    found = _TYPE.fullmatch(content_type)
    main, sub = (found[1].lower(), found[2].lower()) if found else ("application", "octet-stream")
    if main in {"multipart", "message"}:  # these would be parts of this mail, no files
        main, sub = "application", "octet-stream"
    mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
