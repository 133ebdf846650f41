"""SPF: whether a host may send for a domain (RFC 7208).

Decides ``check_host``, within 10 terms that ask DNS and 2 questions without an answer. A domain's words on why it fails
a mail (``exp=``) are fetched only when asked for, apart from the result; they are a stranger's text and decide nothing.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import quote

from postbox.lib import clock
from postbox.lib.dns import Resolver, TemporaryFailure
from postbox.mail.models import AuthResult
from postbox.screening.auth.spf_record import (
    BadRecord,
    Macro,
    Mechanism,
    Record,
    is_macro_string,
    is_spf,
    parse,
    pieces,
)

MOST_LOOKUPS = 10
MOST_VOID = 2
MOST_NAMES = 10  # of MX, and of PTR
# Characters of an explanation, as it is published and as it is shown.
_LONGEST_PUBLISHED, _LONGEST_SHOWN = 500, 200
_RESULTS = {"+": AuthResult.PASS, "-": AuthResult.FAIL, "~": AuthResult.SOFTFAIL, "?": AuthResult.NEUTRAL}
_ODD = re.compile(r"[^!-~]")
_UNSHOWN = re.compile(r"[^ -~]+")
_UNRESERVED = "-._~"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class PermError(Exception):
    """The published record cannot be interpreted; the words say why."""


@dataclass(frozen=True, slots=True)
class Spf:
    """The result, the domain that it is about, and why where it is not a matter of course."""

    result: str
    domain: str = ""
    why: str = ""
    look: _Look | None = field(default=None, compare=False, repr=False)


def check_spf(client: str, mail_from: str, helo: str, ask: Resolver) -> Spf:
    """SPF for a mail: of the envelope's sender, or of the greeting where the return path is empty (section 2.4).

    ``client`` is an IP address; Missing passes through.
    """
    local, domain = mail_from.rpartition("@")[0], spf_domain(mail_from, helo)
    try:
        look = _Look(client_address(client), local or "postmaster", domain, helo, ask)
        return Spf(look.check(domain), domain, look=look)
    except PermError as error:
        return Spf(AuthResult.PERMERROR, domain, str(error))
    except TemporaryFailure as error:
        return Spf(AuthResult.TEMPERROR, domain, str(error))


def spf_domain(mail_from: str, helo: str) -> str:
    """The domain that SPF is about: the return path's, else the greeting's."""
    return (mail_from.rpartition("@")[2] if mail_from else helo).strip().lower().removesuffix(".")


def explanation(spf: Spf) -> str:
    """The words of the domain on why it fails the mail (section 6.2): printable ASCII without quotes, cut; mostly none.

    One question to DNS, or some for a macro of the client's name, all by the resolver that ``check_spf`` was given.
    Missing passes through; whatever else goes wrong is no explanation.
    """
    return spf.look.explanation() if spf.look and spf.result == AuthResult.FAIL else ""


def client_address(text: str) -> Address:
    """The address, an IPv4 one where it stands in an IPv6 one. Raises ValueError."""
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


class _Look:
    """One evaluation of check_host, with what it may still ask."""

    def __init__(self, client: Address, local: str, sender_domain: str, helo: str, ask: Resolver) -> None:
        self._client, self._local, self._sender_domain = client, local, sender_domain
        self._helo, self._ask = helo, ask
        self._lookups = self._void = 0
        self._failed = ("", "")  # exp= of the record that decided last, and its domain

    def check(self, domain: str) -> str:
        """The result for ``domain``. Raises PermError, TemporaryFailure."""
        if not _is_name(domain):
            return AuthResult.NONE
        records = [text for text in self._ask(domain, "TXT") if is_spf(text)]
        if not records:
            return AuthResult.NONE
        if len(records) > 1:
            raise PermError(f"{domain} has more than one SPF record")
        try:
            return self._evaluate(parse(records[0]), domain)
        except BadRecord as error:
            raise PermError(f"the SPF record of {domain}: {error}") from error

    def explanation(self) -> str:
        spec, domain = self._failed
        try:
            texts = self._ask(self._expand(spec, domain), "TXT") if spec else []
            if len(texts) != 1 or len(texts[0]) > _LONGEST_PUBLISHED or not is_macro_string(texts[0]):
                return ""
            words = self._replaced(texts[0], domain)
        except (PermError, TemporaryFailure):
            return ""
        return _UNSHOWN.sub(" ", words.replace('"', "'"))[:_LONGEST_SHOWN].strip()

    def _evaluate(self, record: Record, domain: str) -> str:
        for mechanism in record.mechanisms:
            if self._matches(mechanism, domain):
                self._failed = (record.explained, domain)
                return _RESULTS[mechanism.qualifier]
        if not record.redirect:
            return AuthResult.NEUTRAL
        self._count()
        result = self.check(self._expand(record.redirect, domain))
        if result == AuthResult.NONE:
            raise PermError("redirect= leads to no SPF record")
        return result

    def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        if mechanism.name == "all":
            return True
        if mechanism.network is not None:
            return self._client.version == mechanism.network.version and self._client in mechanism.network
        self._count()
        target = self._expand(mechanism.domain, domain) if mechanism.domain else domain
        match mechanism.name:
            case "include":
                return self._includes(target)
            case "exists":
                return bool(self._asked(target, "A"))
            case "a":
                return self._is_at(target, mechanism.bits)
            case "mx":
                return self._is_mx(target, mechanism.bits)
            case _:
                return bool(self._validated(target))

    def _includes(self, target: str) -> bool:
        result = self.check(target)
        if result == AuthResult.NONE:
            raise PermError(f"include: {target[:80]} has no SPF record")
        return result == AuthResult.PASS

    def _is_mx(self, target: str, bits: tuple[int, int]) -> bool:
        names = [text.partition(" ")[2] for text in self._asked(target, "MX")]
        if len(names) > MOST_NAMES:
            raise PermError(f"{target[:80]} has more than {MOST_NAMES} mail servers")
        return any(self._is_at(name, bits, counted=False) for name in names if name not in ("", "."))

    def _is_at(self, name: str, bits: tuple[int, int], *, counted: bool = True) -> bool:
        kind, length = ("A", bits[0]) if self._client.version == 4 else ("AAAA", bits[1])
        found = self._asked(name, kind) if counted else self._ask(name, kind)
        return any(_near(self._client, text, length) for text in found)

    def _validated(self, target: str) -> list[str]:
        """The client's names at or below ``target`` (empty: anywhere) whose address is the client's (section 5.5)."""
        try:
            names = self._ask(self._client.reverse_pointer, "PTR")[:MOST_NAMES]
        except TemporaryFailure:
            return []
        if not names:
            self._note_void()
        target = target.lower().removesuffix(".")
        below = [name for name in names if not target or f".{name.lower()}".endswith(f".{target}")]
        return [name for name in below if self._leads_back(name)]

    def _leads_back(self, name: str) -> bool:
        try:
            return self._is_at(name, (32, 128), counted=False)
        except TemporaryFailure:
            return False

    def _asked(self, name: str, rdtype: str) -> list[str]:
        """The records, with a void answer counted; a name that cannot be one has none."""
        found = self._ask(name, rdtype) if _may_be_asked(name) else []
        if not found:
            self._note_void()
        return found

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > MOST_LOOKUPS:
            raise PermError(f"more than {MOST_LOOKUPS} terms that ask DNS")

    def _note_void(self) -> None:
        self._void += 1
        if self._void > MOST_VOID:
            raise PermError(f"more than {MOST_VOID} questions without an answer")

    def _expand(self, spec: str, domain: str) -> str:
        """A domain-spec with its macros replaced (section 7.3), cut from the left where it is too long for a name."""
        name = self._replaced(spec, domain).removesuffix(".")
        while len(name) > 253 and "." in name:
            name = name.partition(".")[2]
        return name

    def _replaced(self, text: str, domain: str) -> str:
        return "".join(piece if isinstance(piece, str) else self._value(piece, domain) for piece in pieces(text))

    def _value(self, macro: Macro, domain: str) -> str:
        text = self._letter(macro.letter.lower(), domain)
        for sign in macro.delimiters[1:]:
            text = text.replace(sign, macro.delimiters[0])
        labels = text.split(macro.delimiters[0])
        if macro.backwards:
            labels.reverse()
        text = ".".join(labels[-macro.labels :])
        return quote(text, safe=_UNRESERVED) if macro.letter.isupper() else text

    def _letter(self, letter: str, domain: str) -> str:
        match letter:
            case "s":
                return f"{self._local}@{self._sender_domain}"
            case "l":
                return self._local
            case "o":
                return self._sender_domain
            case "d":
                return domain
            case "i":
                return _dotted(self._client)
            case "p":
                return self._name_of_client(domain)
            case "v":
                return "in-addr" if self._client.version == 4 else "ip6"
            case "c":
                return str(self._client)
            case "r":
                return "unknown"
            case "t":
                return str(int(clock.now().timestamp()))
            case _:
                return self._helo

    def _name_of_client(self, domain: str) -> str:
        names = self._validated("")
        at = [name for name in names if name.lower() == domain.lower()]
        below = [name for name in names if name.lower().endswith(f".{domain.lower()}")]
        return next(iter([*at, *below, *names]), "unknown")


def _is_name(domain: str) -> bool:
    """A name of several labels that DNS can hold (section 4.3)."""
    labels = domain.split(".")
    return len(domain) <= 253 and len(labels) > 1 and all(0 < len(one) <= 63 for one in labels) and not _ODD.search(
        domain
    ) and not domain.startswith("[")  # fmt: skip


def _may_be_asked(name: str) -> bool:
    return 0 < len(name) <= 253 and all(0 < len(one) <= 63 for one in name.removesuffix(".").split("."))


def _near(client: Address, text: str, length: int) -> bool:
    return client in ipaddress.ip_network(f"{text}/{length}", strict=False)


def _dotted(client: Address) -> str:
    if client.version == 4:
        return str(client)
    return ".".join(client.exploded.replace(":", ""))
