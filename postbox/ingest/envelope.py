"""Reading an SMTP envelope that a bridge sent along, and refusing one that cannot be.

Decides what a sane envelope is (RFC 5321, sections 4.5.3 and 2.4); never who its addresses are.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from postbox.api.errors import Invalid
from postbox.ingest.limits import ADDRESS_COUNT
from postbox.mail.store import Envelope

_ADDRESS = re.compile(r"[^\s<>,@\x00-\x1f\x7f]{1,64}@[^\s<>,@\x00-\x1f\x7f]{1,253}")
_MAX_HELO = 255


def read(mail_from: str, rcpt_to: Sequence[str], client_ip: str, helo: str) -> Envelope:
    """The envelope, addresses without brackets, recipients in lower case and once each. Raises Invalid."""
    errors: list[dict[str, str]] = []
    sender = _bare(mail_from)
    if sender and not _ADDRESS.fullmatch(sender):
        errors.append({"path": "mail_from", "message": "Not an address; leave it empty for the null return path."})
    recipients = list(dict.fromkeys(bare.lower() for item in rcpt_to if (bare := _bare(item))))
    if not recipients:
        errors.append({"path": "rcpt_to", "message": "Name at least one recipient."})
    if len(recipients) > ADDRESS_COUNT:
        errors.append({"path": "rcpt_to", "message": f"At most {ADDRESS_COUNT} recipients at a time."})
    errors += [
        {"path": f"rcpt_to.{index}", "message": "Not an address."}
        for index, item in enumerate(recipients[:ADDRESS_COUNT])
        if not _ADDRESS.fullmatch(item)
    ]
    address = _ip(client_ip, errors)
    if errors:
        raise Invalid(errors=errors)
    return Envelope(sender, tuple(recipients), address, _line(helo)[:_MAX_HELO])


def _bare(address: str) -> str:
    return address.strip().removeprefix("<").removesuffix(">").strip()


def _ip(text: str, errors: list[dict[str, str]]) -> str | None:
    bare = text.strip().removeprefix("[").removesuffix("]").removeprefix("IPv6:")
    if not bare:
        return None
    try:
        return str(ipaddress.ip_address(bare.split("%")[0]))
    except ValueError:
        errors.append({"path": "client_ip", "message": "Not an IP address."})
        return None


def _line(text: str) -> str:
    return "".join(char for char in text.strip() if char.isprintable())
