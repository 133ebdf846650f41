"""Reading the arguments of MAIL, RCPT and XFORWARD.

Decides their syntax (RFC 5321, section 4.1.2; RFC 6531; https://www.postfix.org/XFORWARD_README.html); never who an
address is. Linear in what it reads.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from django.conf import settings

from postbox.ingest.envelope import is_address
from postbox.ingest.limits import MESSAGE_BYTES
from postbox.ingest.lmtp.replies import Reply

# A source route (RFC 5321, appendix F.2) is read and left out.
_PATH = re.compile(r'<(?:@[^:<>\s]*:)?((?:"(?:[^"\\]|\\.)*"|[^<>"\s])*)>')
POSTMASTER = "postmaster"
_BODIES = frozenset({"7BIT", "8BITMIME"})
_XTEXT = re.compile(r"\+([0-9A-Fa-f]{2})")  # RFC 3461, section 4
_HIDDEN = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})
XFORWARD = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")


class Refused(Exception):
    """A command that cannot be carried out, with the reply to it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


def sender(argument: str | None) -> str:
    """The address of ``FROM:<…> [parameters]``, empty for the null return path. Raises Refused."""
    address, parameters = _path("FROM:", argument)
    if address and not is_address(address):
        raise Refused(Reply.BAD_SENDER)
    for word in parameters:
        _check_mail_parameter(*word.upper().partition("=")[::2])
    return address


def announced(argument: str | None) -> int:
    """The octets that MAIL says the mail has; 0 where it does not say. For an argument that ``sender`` took."""
    for word in _path("FROM:", argument)[1]:
        name, _, value = word.upper().partition("=")
        if name == "SIZE":
            return int(value[:20])
    return 0


def recipient(argument: str | None) -> str:
    """The address of ``TO:<…>``; ``<Postmaster>`` alone is that of the default domain (RFC 5321, section 4.5.1).

    Raises Refused.
    """
    address, parameters = _path("TO:", argument)
    if address.lower() == POSTMASTER:
        address = f"{POSTMASTER}@{settings.POSTBOX_DEFAULT_DOMAIN}"
    if not is_address(address):
        raise Refused(Reply.BAD_RECIPIENT)
    if parameters:
        raise Refused(Reply.BAD_PARAMETER)
    return address


def _path(keyword: str, argument: str | None) -> tuple[str, list[str]]:
    given = (argument or "").lstrip()
    if given[: len(keyword)].upper() != keyword:
        raise Refused(Reply.SYNTAX)
    found = _PATH.match(given := given[len(keyword) :].lstrip())
    if not found:
        raise Refused(Reply.SYNTAX)
    return found[1], given[found.end() :].split()


def _check_mail_parameter(name: str, value: str) -> None:
    if name == "SIZE" and value.isascii() and value.isdecimal():
        if int(value[:20]) > MESSAGE_BYTES:
            raise Refused(Reply.TOO_LARGE)
    elif not (name == "BODY" and value in _BODIES) and not (name == "SMTPUTF8" and not value):
        raise Refused(Reply.BAD_PARAMETER)


@dataclass(frozen=True, slots=True)
class Client:
    """Who handed the mail to the mail server, as that one tells: the address is None where it does not."""

    address: str | None = None
    helo: str = ""
    said: dict[str, str] = field(default_factory=dict)


def forwarded(argument: str | None, before: Client) -> Client:
    """What ``XFORWARD NAME=value …`` adds to what was known before. Raises Refused."""
    said = dict(before.said)
    for word in (argument or "").split():
        name, equals, value = word.partition("=")
        if name.upper() not in XFORWARD or not equals:
            raise Refused(Reply.SYNTAX)
        said[name.upper()] = "" if value.upper() in _HIDDEN else _XTEXT.sub(lambda code: chr(int(code[1], 16)), value)
    if not said:
        raise Refused(Reply.SYNTAX)
    return Client(_address(said.get("ADDR", "")), said.get("HELO", ""), said)


def _address(text: str) -> str | None:
    """An address literal, IPv6 with its prefix or without. Raises Refused for anything else."""
    bare = text[5:] if text[:5].upper() == "IPV6:" else text
    try:
        return str(ipaddress.ip_address(bare)) if bare else None
    except ValueError:
        raise Refused(Reply.SYNTAX) from None
