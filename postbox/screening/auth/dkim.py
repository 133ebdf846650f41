"""DKIM: whether a mail is as a domain signed it (RFC 6376, 8301, 8463).

Decides each signature's result and, where it is a pass, its domain. A signature of part of the body (``l=``) counts as
none: what was added after it is nobody's word. A field that was added beside a signed one of its name breaks the
signature (section 8.15). It never decides whether a domain is the author's (dmarc does).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from postbox.lib.dns import Resolver, TemporaryFailure
from postbox.mail.models import AuthResult
from postbox.screening.auth.findings import Missing, Question
from postbox.screening.auth.keys import NoKey, key_of, knows
from postbox.screening.auth.names import ascii_name, same_organisation
from postbox.screening.auth.signed import Malformed, RawField, SignedMail, Tags, tags

MOST_SIGNATURES = 8
# Clocks differ (RFC 6376, section 3.5: "allow for clock drift").
_DRIFT_SECONDS = 300
_NUMBER = re.compile(r"\d{1,20}", re.ASCII)
_NAMES = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+", re.ASCII)
_SELECTOR = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
_CANONICALIZATIONS = {"simple": False, "relaxed": True}
# Fields that a mail has once (RFC 5322, section 3.6; RFC 2045), of which readers take the first and signers the last.
_ONCE = frozenset({
    "from", "sender", "reply-to", "to", "cc", "date", "subject", "message-id", "in-reply-to", "references",
    "content-type", "content-transfer-encoding",
})  # fmt: skip
_NEEDED = ("v", "a", "b", "bh", "d", "h", "s")


class Broken(Exception):
    """A signature that cannot be checked at all; the words say why."""


class Fails(Exception):
    """A signature that does not hold; the words say why."""


class Partial(Exception):
    """A signature of a part of the body."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature's result."""

    result: str
    domain: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What a signature says of itself, checked, for DKIM and for ARC's signature over a message."""

    tags: Tags
    domain: str
    selector: str
    algorithm: str
    head_relaxed: bool
    body_relaxed: bool
    names: tuple[str, ...]
    signature: bytes
    body_hash: bytes


def check_dkim(mail: SignedMail, author: str, ask: Resolver, now: float) -> list[Signature]:
    """The results of the mail's signatures, bounded, those of the author's organisation first.

    ``now`` is seconds since 1970. Raises Missing, once for all keys that must be asked for.
    """
    found: list[Signature] = []
    questions: set[Question] = set()
    for field, given in _first(mail.named("dkim-signature"), author):
        try:
            found.append(_check(mail, field, given, ask, now))
        except Missing as missing:
            questions |= missing.questions
    if questions:
        raise Missing(questions)
    return found


def verdict(signatures: Sequence[Signature]) -> str:
    """One word for all (RFC 8601, section 2.7.1): the best of them."""
    order = (AuthResult.PASS, AuthResult.TEMPERROR, AuthResult.FAIL, AuthResult.PERMERROR, AuthResult.NONE)
    found = {signature.result for signature in signatures}
    return next((word for word in order if word in found), AuthResult.NONE)


def form(given: Tags, needed: Sequence[str] = _NEEDED) -> Form:
    """The parts of a signature that can be checked without a key. Raises Broken."""
    if lacking := [name for name in needed if name not in given]:
        raise Broken(f"{lacking[0]}= is missing")
    if not knows(given["a"]):
        raise Broken(f"{given['a'][:20]} does not count")
    head, _, body = given.get("c", "simple/simple").partition("/")
    if head not in _CANONICALIZATIONS or (body or "simple") not in _CANONICALIZATIONS:
        raise Broken("c= is unknown")
    if "dns/txt" not in [one.strip() for one in given.get("q", "dns/txt").split(":")]:
        raise Broken("q= is unknown")
    names = tuple(name.strip().lower() for name in given["h"].split(":"))
    return Form(
        given,
        _domain(given["d"]),
        _selector(given["s"]),
        given["a"],
        _CANONICALIZATIONS[head],
        _CANONICALIZATIONS[body or "simple"],
        names,
        _octets(given["b"]),
        _octets(given["bh"]),
    )


def holds(mail: SignedMail, field: RawField, said: Form, ask: Resolver) -> None:
    """Check body and head against a form. Raises Broken, Fails, NoKey; TemporaryFailure and Missing pass through."""
    key = key_of(said.selector, said.domain, said.algorithm, ask)
    identity = said.tags.get("i", "").rpartition("@")[2].lower()
    if key.exact and identity and "@" in said.tags["i"] and identity != said.domain:
        raise Fails("its key is for the very domain alone")
    if mail.body_hash(said.body_relaxed) != said.body_hash:
        raise Fails("the body is not as it was signed")
    digest = hashlib.sha256()
    for one in mail.chosen(said.names):
        digest.update(one.canonical(said.head_relaxed) + b"\r\n")
    digest.update(field.without_signature().canonical(said.head_relaxed))
    if not key.verifies(said.signature, digest.digest()):
        raise Fails("the head is not as it was signed")


def added(mail: SignedMail, names: Sequence[str]) -> str:
    """The name of a field that stands more often than it was signed, though a mail has one; else empty."""
    return next((name for name in names if name in _ONCE and len(mail.named(name)) > names.count(name)), "")


def number(given: Tags, name: str) -> int | None:
    """A tag's number, None without the tag. Raises Broken."""
    if name not in given:
        return None
    if not _NUMBER.fullmatch(given[name]):
        raise Broken(f"{name}= is no number")
    return int(given[name])


def _first(fields: Sequence[RawField], author: str) -> list[tuple[RawField, Tags | None]]:
    """So many signatures as are looked at: those of the author's organisation, then the topmost."""
    read = [(field, _tags(field)) for field in fields[: MOST_SIGNATURES * 8]]
    own = [item for item in read if item[1] and same_organisation(item[1].get("d", "").lower(), author)]
    return [*own, *(item for item in read if item not in own)][:MOST_SIGNATURES]


def _tags(field: RawField) -> Tags | None:
    try:
        return tags(field.value)
    except Malformed:
        return None


def _check(mail: SignedMail, field: RawField, given: Tags | None, ask: Resolver, now: float) -> Signature:
    domain = given.get("d", "").lower()[:253] if given else ""
    try:
        if given is None:
            raise Broken("its tags are malformed")
        said = form(given)
        if "from" not in said.names:
            raise Broken("From is not signed")
        if again := added(mail, said.names):
            raise Fails(f"{again} stands there again, unsigned")
        _check_times(given, now)
        _check_identity(given, said.domain)
        _check_length(given, mail.canonical_body(said.body_relaxed))
        holds(mail, field, said, ask)
    except Partial:
        return Signature(AuthResult.NONE, domain, "it covers a part of the body")
    except (Broken, NoKey) as error:
        return Signature(AuthResult.PERMERROR, domain, str(error))
    except Fails as error:
        return Signature(AuthResult.FAIL, domain, str(error))
    except TemporaryFailure as error:
        return Signature(AuthResult.TEMPERROR, domain, str(error))
    return Signature(AuthResult.PASS, said.domain)


def _check_times(given: Tags, now: float) -> None:
    if given["v"] != "1":
        raise Broken("v= is not 1")
    signed, expires = (number(given, name) for name in ("t", "x"))
    if signed is not None and signed > now + 86_400:
        raise Fails("it was signed in the future")
    if expires is not None and expires + _DRIFT_SECONDS < now:
        raise Fails("it has expired")
    if signed is not None and expires is not None and expires < signed:
        raise Broken("it expires before it was signed")


def _check_identity(given: Tags, domain: str) -> None:
    if "i" in given:
        identity = given["i"].rpartition("@")
        if not identity[1] or not f".{identity[2].lower()}".endswith(f".{domain}"):
            raise Broken("i= is not of d=")


def _check_length(given: Tags, body: bytes) -> None:
    length = number(given, "l")
    if length is None or length == len(body):
        return
    if length > len(body):
        raise Fails("the body is shorter than what was signed")
    raise Partial


def _domain(text: str) -> str:
    name = ascii_name(text)
    if not _NAMES.fullmatch(name):
        raise Broken("d= is no domain")
    return name


def _selector(text: str) -> str:
    if not _SELECTOR.fullmatch(text):
        raise Broken("s= is no selector")
    return text


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Broken("b= or bh= is not base64") from error
