"""SPF records as terms (RFC 7208, sections 4.6.1, 5, 6, 7.1 and 12).

Decides what is well-formed; one wrong term makes the whole record wrong. It never asks DNS.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

_EXPAND = r"%(?:\{[slodiphcrtv]\d*r?[-.+,/_=]*\}|[%_-])"
_MACRO_STRING = re.compile(rf"(?:{_EXPAND}|[!-$&-~])*", re.IGNORECASE)
_MACRO = re.compile(r"%(?:\{([slodiphcrtv])(\d*)(r?)([-.+,/_=]*)\}|([%_-]))", re.IGNORECASE)
_TOP_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
_ENDS_IN_MACRO = re.compile(rf"{_EXPAND}\Z", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE | re.DOTALL)
_MECHANISM = re.compile(r"([-+?~]?)([a-z][a-z0-9_.-]*)(.*)", re.IGNORECASE | re.DOTALL)
_DUAL_CIDR = re.compile(r"(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?\Z")
_CIDR = re.compile(r"0|[1-9]\d{0,2}")
_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_ONLY_IN_EXPLANATIONS = frozenset("crt")
_LONGEST = 4096

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadRecord(Exception):
    """The record is not as RFC 7208 wants it; the words say where."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """``domain`` is a domain-spec, unexpanded, empty for the current domain; ``bits`` for IPv4 and IPv6."""

    name: str
    qualifier: str
    domain: str = ""
    bits: tuple[int, int] = (32, 128)
    network: Network | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """``redirect`` and ``explained`` (``exp=``) are domain-specs, unexpanded."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""
    explained: str = ""


@dataclass(frozen=True, slots=True)
class Macro:
    """One macro of a string: its letter, how many labels from the right (0: all), reversed, split at these."""

    letter: str
    labels: int
    backwards: bool
    delimiters: str


def is_macro_string(text: str) -> bool:
    """Whether a text, blanks aside, may be taken apart by ``pieces`` (section 7.1, explain-string)."""
    return _MACRO_STRING.fullmatch(text.replace(" ", "")) is not None


def is_spf(text: str) -> bool:
    """Whether a TXT record is meant as an SPF record (section 4.5)."""
    return _VERSION.match(text) is not None


@lru_cache(1024)
def parse(text: str) -> Record:
    """The terms of a record. Raises BadRecord."""
    if len(text) > _LONGEST or not text.isascii():
        raise BadRecord("the record is too long or not ASCII")
    mechanisms, modifiers = [], dict[str, str]()
    for term in text[6:].split(" "):
        if not term:
            continue
        if found := _MODIFIER.fullmatch(term):
            _modifier(found[1].lower(), found[2], modifiers)
        else:
            mechanisms.append(_mechanism(term))
    return Record(tuple(mechanisms), modifiers.get("redirect", ""), modifiers.get("exp", ""))


@lru_cache(4096)
def pieces(spec: str) -> tuple[str | Macro, ...]:
    """A macro-string taken apart into plain text and macros."""
    found: list[str | Macro] = []
    end = 0
    for match in _MACRO.finditer(spec):
        found.append(spec[end : match.start()])
        end = match.end()
        if match[5]:
            found.append({"%": "%", "_": " ", "-": "%20"}[match[5]])
        else:
            labels = min(int(match[2][:4] or 0), 128)
            found.append(Macro(match[1], labels, bool(match[3]), match[4] or "."))
    found.append(spec[end:])
    return tuple(piece for piece in found if piece)


def _modifier(name: str, value: str, found: dict[str, str]) -> None:
    if name in ("redirect", "exp"):
        if name in found:
            raise BadRecord(f"{name}= stands twice")
        found[name] = _domain_spec(value)
    elif not _MACRO_STRING.fullmatch(value):
        raise BadRecord(f"{name}= has a value that is none")


def _mechanism(term: str) -> Mechanism:
    match = _MECHANISM.fullmatch(term)
    if match is None:
        raise BadRecord(f"{term!r} is no term")
    qualifier, name, rest = match[1] or "+", match[2].lower(), match[3]
    if name == "all" and not rest:
        return Mechanism(name, qualifier)
    if name in ("include", "exists") and rest.startswith(":"):
        return Mechanism(name, qualifier, _domain_spec(rest[1:]))
    if name == "ptr" and (not rest or rest.startswith(":")):
        return Mechanism(name, qualifier, _domain_spec(rest[1:]) if rest else "")
    if name in ("a", "mx"):
        return _address(name, qualifier, rest)
    if name in ("ip4", "ip6") and rest.startswith(":"):
        return Mechanism(name, qualifier, network=_network(name, rest[1:]))
    raise BadRecord(f"{term!r} is no mechanism")


def _address(name: str, qualifier: str, rest: str) -> Mechanism:
    digits = rest[len(rest.rstrip("0123456789/")) :]
    cidr = digits[digits.find("/") :] if "/" in digits else ""
    spec = rest[: len(rest) - len(cidr)]
    bits = _DUAL_CIDR.fullmatch(cidr)
    if bits is None or (spec and not spec.startswith(":")):
        raise BadRecord(f"{name}{rest!r} is no mechanism")
    four, six = int(bits[1] or 32) if bits[1] != "0" else 0, int(bits[2] or 128) if bits[2] != "0" else 0
    if four > 32 or six > 128:
        raise BadRecord(f"{cidr!r} is longer than an address")
    return Mechanism(name, qualifier, _domain_spec(spec[1:]) if spec else "", (four, six))


def _network(name: str, text: str) -> Network:
    address, slash, length = text.partition("/")
    if slash and not _CIDR.fullmatch(length):
        raise BadRecord(f"{text!r} is no network")
    kind = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
    try:
        if "%" in address:  # a zone, which ipaddress takes
            raise ValueError
        return kind(f"{address}/{length}" if slash else address, strict=False)
    except ValueError as error:
        raise BadRecord(f"{text!r} is no network") from error


def _domain_spec(text: str) -> str:
    if not text or not _MACRO_STRING.fullmatch(text):
        raise BadRecord(f"{text!r} is no domain")
    for match in _MACRO.finditer(text):
        if match[1] and (match[1].lower() in _ONLY_IN_EXPLANATIONS or (match[2] and not int(match[2][:9]))):
            raise BadRecord(f"{match[0]!r} has no place there")
    if not (_ends_in_label(text) or _ENDS_IN_MACRO.search(text)):
        raise BadRecord(f"{text!r} does not end as a domain does")
    return text


def _ends_in_label(text: str) -> bool:
    """Whether a dot and a label that is no number end it (section 7.1, toplabel)."""
    _, dot, label = text.removesuffix(".").rpartition(".")
    return bool(dot) and _TOP_LABEL.fullmatch(label) is not None and not label.isdigit()
