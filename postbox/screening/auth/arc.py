"""ARC: what those who passed a mail on say of it (RFC 8617).

Decides whether the chain holds, and reads what its sealers saw. It is advice: nobody's authority but that of sealers
whom the operator trusts.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from postbox.lib.dns import Resolver, TemporaryFailure
from postbox.mail.models import AuthResult
from postbox.screening.auth.dkim import Broken, Fails, Form, added, form, holds, number
from postbox.screening.auth.findings import all_at_once
from postbox.screening.auth.keys import NoKey, key_of, knows
from postbox.screening.auth.names import ascii_name
from postbox.screening.auth.signed import Malformed, RawField, SignedMail, tags

MOST_SETS = 50
MOST_KEYS = 10
SEEN, _MESSAGE, _SEAL = "arc-authentication-results", "arc-message-signature", "arc-seal"
_INSTANCE = re.compile(rb"\s*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,4})[ \t\r\n]*(?:;|\Z)")
_NEEDED = ("i", "a", "b", "bh", "d", "h", "s")
_SEAL_NEEDED = ("i", "a", "b", "cv", "d", "s")


@dataclass(frozen=True, slots=True)
class Chain:
    """``sealers`` from the first to the newest, ``seen`` what each says it saw; both only where the chain holds.

    ``covers_author``: the newest signature is over From as well, and nothing was added beside what it is over.
    """

    result: str = AuthResult.NONE
    sealers: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    covers_author: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Set:
    seen: RawField
    message: RawField
    seal: RawField


def check_arc(mail: SignedMail, ask: Resolver) -> Chain:
    """The state of the mail's chain. Raises Missing, once for all keys."""
    if not any(one.name in (SEEN, _MESSAGE, _SEAL) for one in mail.fields):
        return Chain()
    try:
        return _chain(mail, ask)
    except (Malformed, Broken, Fails, NoKey) as error:
        return Chain(AuthResult.FAIL, why=str(error))
    except TemporaryFailure as error:
        return Chain(AuthResult.TEMPERROR, why=str(error))


def _chain(mail: SignedMail, ask: Resolver) -> Chain:
    sets = _sets(mail)
    # Without c= it is as sealers sign, relaxed, though RFC 8617, section 4.1.2, points to DKIM's default.
    newest = form({"c": "relaxed/relaxed", **tags(sets[-1].message.value)}, _NEEDED)
    if _SEAL in newest.names:
        raise Broken("a message signature signs a seal")
    number(newest.tags, "t")
    seals = [_seal(one, instance) for instance, one in enumerate(sets, 1)]
    _have_keys(newest, seals, ask)
    holds(mail, sets[-1].message, newest, ask)
    for instance in range(len(sets), 0, -1):
        _check_seal(sets[:instance], seals[instance - 1], ask)
    return Chain(
        AuthResult.PASS,
        tuple(ascii_name(seal["d"]) for seal in seals),
        tuple(_after_instance(one.seen.value) for one in sets),
        "from" in newest.names and not added(mail, newest.names),
    )


def _sets(mail: SignedMail) -> list[_Set]:
    """The sets, from the first. Raises Broken unless they are whole, each once, and numbered without a gap."""
    found: dict[str, dict[int, RawField]] = {SEEN: {}, _MESSAGE: {}, _SEAL: {}}
    for field in mail.fields:
        if field.name not in found:
            continue
        number = _instance(field)
        if number in found[field.name]:
            raise Broken(f"set {number} has a field twice")
        found[field.name][number] = field
    numbers = sorted(found[_SEAL])
    if numbers != list(range(1, len(numbers) + 1)) or not 0 < len(numbers) <= MOST_SETS:
        raise Broken("the sets are not numbered from 1 on")
    if any(sorted(one) != numbers for one in found.values()):
        raise Broken("a set is not whole")
    return [_Set(found[SEEN][number], found[_MESSAGE][number], found[_SEAL][number]) for number in numbers]


def _instance(field: RawField) -> int:
    if field.name == SEEN:
        match = _INSTANCE.match(field.value)
        number = match[1].decode() if match else ""
    else:
        number = tags(field.value).get("i", "")
    if not (number.isascii() and number.isdigit() and len(number) <= 4 and int(number) > 0):
        raise Broken(f"a field of the chain has no number: {field.name}")
    return int(number)


def _seal(one: _Set, instance: int) -> dict[str, str]:
    given = tags(one.seal.value)
    if any(name not in given for name in _SEAL_NEEDED) or "h" in given or "bh" in given or not knows(given["a"]):
        raise Broken(f"seal {instance} is not one")
    number(given, "t")
    if given["cv"].lower() != ("none" if instance == 1 else "pass"):
        raise Fails(f"sealer {instance} says that the chain was {given['cv'][:10]!r}")
    return given


def _have_keys(newest: Form, seals: list[dict[str, str]], ask: Resolver) -> None:
    """Ask for all keys at once, and for few: the sender chooses how many there are."""
    wanted = {(newest.selector, newest.domain)} | {(seal["s"], ascii_name(seal["d"])) for seal in seals}
    if len(wanted) > MOST_KEYS:
        raise Broken(f"more than {MOST_KEYS} keys")
    all_at_once([(f"{selector}._domainkey.{domain}", "TXT") for selector, domain in wanted], ask)


def _check_seal(sets: list[_Set], given: dict[str, str], ask: Resolver) -> None:
    """A seal covers all sets up to its own, its own signature left out (section 5.1.1)."""
    said = form({**given, "h": "from", "bh": "", "c": "relaxed/relaxed", "v": "1"})
    digest = hashlib.sha256()
    for one in sets[:-1]:
        for field in (one.seen, one.message, one.seal):
            digest.update(field.canonical(True) + b"\r\n")
    last = sets[-1]
    digest.update(last.seen.canonical(True) + b"\r\n" + last.message.canonical(True) + b"\r\n")
    digest.update(last.seal.without_signature().canonical(True))
    if not key_of(said.selector, said.domain, said.algorithm, ask).verifies(said.signature, digest.digest()):
        raise Fails(f"seal {len(sets)} does not hold")


def _after_instance(value: bytes) -> str:
    """What a sealer says it saw, without its number: an Authentication-Results field's value."""
    return value.partition(b";")[2].decode("latin-1")
