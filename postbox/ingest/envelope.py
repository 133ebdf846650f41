"""Reading an SMTP envelope that a bridge sent along, and refusing one that cannot be.

Decides what a sane envelope is (RFC 5321, sections 4.5.3 and 2.4); never who its addresses are.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from postbox.api.errors import Invalid
from postbox.ingest.limits import ADDRESS_COUNT
from postbox.ingest.transport import spelt
from postbox.mail.store import Envelope

# The local part as dot-string or quoted string, loosely: what an MTA took is not for this door to refuse.
_NOT_BARE = r'\s\x00-\x20\x7f-\xa0\ufeff<>,@"'  # blanks spelt out, since engines differ in what \s holds
# Return paths that name a recipient in them (VERP) pass the 64 octets that a local part should have.
ADDRESS = re.compile(rf'(?:[^{_NOT_BARE}]{{1,256}}|"[^"\x00-\x1f\x7f-\x9f]{{1,62}}")@[^{_NOT_BARE}]{{1,253}}')
_MAX_ADDRESS = 320
_MAX_HELO = 255


def is_client(text: str) -> bool:
    """Whether this is an IP address, as a literal or bare."""
    return _ip(text) is not None


def is_address(text: str) -> bool:
    """Whether this could be an address, without brackets; the null return path is none."""
    if len(text) > _MAX_ADDRESS or not ADDRESS.fullmatch(text):
        return False
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)  # octets that were no UTF-8


def read(
    mail_from: str, rcpt_to: Sequence[str], client_ip: str, helo: str, tls: str = "", *, path: str = "{}"
) -> Envelope:
    """The envelope, addresses without brackets, recipients in lower case and once each.

    Raises Invalid, its errors under ``path`` with the field's name in it.
    """
    errors: list[tuple[str, str]] = []
    sender = _bare(mail_from)
    if sender and not is_address(sender):
        errors.append(("mail_from", "Not an address; leave it empty for the null return path."))
    recipients = list(dict.fromkeys(bare.lower() for item in rcpt_to if (bare := _bare(item))))
    errors += [("rcpt_to", problem) for problem in _problems(recipients)]
    address = _ip(client_ip)
    if client_ip.strip() and not address:
        errors.append(("client_ip", "Not an IP address."))
    if errors:
        named = [(path.format(_spelt(field, path)), message) for field, message in errors]
        raise Invalid(errors=[{"path": where, "message": message} for where, message in named])
    return Envelope(sender, tuple(recipients), address, _line(helo)[:_MAX_HELO], spelt(tls))


def _problems(recipients: list[str]) -> list[str]:
    if not recipients:
        return ["Name at least one recipient."]
    if len(recipients) > ADDRESS_COUNT:
        return [f"At most {ADDRESS_COUNT} recipients at a time."]
    return [f"Not an address: {item[:80]}" for item in recipients if not is_address(item)]


def _spelt(field: str, path: str) -> str:
    return field.replace("_", "-") if path.startswith("x-") else field


def _bare(address: str) -> str:
    return address.strip().removeprefix("<").removesuffix(">").strip()


def _ip(text: str) -> str | None:
    bare = text.strip().removeprefix("[").removesuffix("]").removeprefix("IPv6:")
    try:
        return str(ipaddress.ip_address(bare.split("%")[0]))
    except ValueError:
        return None


def _line(text: str) -> str:
    return "".join(char for char in text.strip() if char.isprintable())
