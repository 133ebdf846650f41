"""What is to be sent, as its sender gave it, checked and put into one form.

Decides what an address is and which characters may stand in a header: CR, LF and NUL never (RFC 5322, section 2.2), so
that no value of a request can begin a header of its own. It never looks anybody up.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parseaddr

from outbound.models import Origin, Role
from postbox.api.errors import ApiError

RECIPIENTS = 50
SUBJECT = 998
NAME = 200
ADDRESS = 254
TEXT_BYTES = 1024 * 1024
MESSAGE_BYTES = 25 * 1024 * 1024
ATTACHMENTS = 100
_NOT_IN_HEADER = re.compile(r"[\r\n\x00]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Dot-string local parts (RFC 5321, section 4.1.2) and host names of two labels or one that this system may know.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*"
)
MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,995}>")


class HeaderInjection(ApiError):
    code = "header_injection"
    message = "A value that becomes a header holds a line break or NUL."
    fix = "Take CR, LF and NUL out of addresses, names and the subject."


class BadAddress(ApiError):
    code = "bad_address"
    message = "That is no mail address."
    fix = "Send addresses as local@domain or Name <local@domain>."


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address that is written to: ``address`` with its domain in lower case and in ASCII, ``name`` as shown."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A mailbox and the header that it stands in (none for bcc)."""

    box: Mailbox
    role: Role

    @property
    def address(self) -> str:
        return self.box.address


@dataclass(frozen=True, slots=True)
class File:
    """An attachment: its octets, the name that is shown, its media type."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail to be sent. ``in_reply_to`` and ``references`` are Message-IDs with their angle brackets.

    ``answers`` is the stored message that it answers or forwards. ``unsubscribe`` holds the URLs of List-Unsubscribe,
    ``auto`` in place of those that are ours. ``hops`` counts the automatic mails of this system that led to it.
    ``is_automatic``: a rule or this system sends it; ``by_person``: a person wrote it, or read it before.
    """

    recipients: tuple[Recipient, ...]
    subject: str = ""
    text: str = ""
    html: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[File, ...] = ()
    send_at: datetime | None = None
    origin: Origin = Origin.AGENT
    is_automatic: bool = False
    by_person: bool = False
    answers: uuid.UUID | None = None
    thread_id: uuid.UUID | None = None
    sender: str = ""
    unsubscribe: tuple[str, ...] = ()
    hops: int = 0
    headers: tuple[tuple[str, str], ...] = field(default=())

    def without(self, addresses: Iterable[str]) -> Draft:
        """The same for everybody else."""
        gone = {address.lower() for address in addresses}
        return replace(self, recipients=tuple(r for r in self.recipients if r.address.lower() not in gone))


def header_text(value: str, what: str) -> str:
    """A value that becomes a header. Raises HeaderInjection."""
    if _NOT_IN_HEADER.search(value):
        raise HeaderInjection(errors=[{"path": what, "message": "It holds a line break or NUL."}])
    return _CONTROL.sub(" ", value).encode("utf-8", "replace").decode()


def mailbox(text: str, what: str) -> Mailbox:
    """``local@domain`` or ``Name <local@domain>``. Raises HeaderInjection, BadAddress."""
    checked = header_text(text, what).strip()
    name, address = parseaddr(checked)
    if address == "" and "@" in checked and "<" not in checked:
        address = checked
    # parseaddr reads what it can of several addresses; what it left out must not be lost without a word.
    if address not in checked or checked.count("@") > 1 + name.count("@"):
        raise _bad(what, checked)
    local, _, domain = address.rpartition("@")
    domain = _ascii(domain)
    if not (_LOCAL.fullmatch(local) and len(local) <= 64 and _DOMAIN.fullmatch(domain)):
        raise _bad(what, checked)
    plain = f"{local}@{domain.lower()}"
    if len(plain) > ADDRESS:
        raise _bad(what, checked)
    return Mailbox(plain, " ".join(name.split())[:NAME])


def recipients_of(boxes: Iterable[tuple[Mailbox, Role]]) -> tuple[Recipient, ...]:
    """Each address once, in the first role that it has. Raises BadAddress when there are none or too many."""
    found: dict[str, Recipient] = {}
    for box, role in boxes:
        found.setdefault(box.address.lower(), Recipient(box, role))
    if not found:
        raise BadAddress("There is nobody to send to.", fix="Name at least one address in `to`.")
    if len(found) > RECIPIENTS:
        raise ApiError(
            f"A message may have {RECIPIENTS} recipients, this one has {len(found)}.",
            code="too_many_recipients",
            fix="Send several messages.",
        )
    return tuple(found.values())


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return ""


def _bad(what: str, value: str) -> BadAddress:
    return BadAddress(errors=[{"path": what, "message": f"Not one mail address: {value[:100]}"}])
