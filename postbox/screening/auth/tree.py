"""Which DMARC record holds for a name, and whose names are one organisation's.

Two documents answer: RFC 9989 walks up the tree of names and listens to ``psd=``, RFC 7489 asks the Public Suffix List.
Decides between them (docs/adr/0015): records are found by the walk; an organisation ends where the list says, or
sooner, where a record on the way says so. What ``psd=`` says can part names, never join what the list keeps apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from postbox.lib.dns import Resolver
from postbox.screening.auth.dmarc_record import Record, published
from postbox.screening.auth.findings import Missing, all_at_once
from postbox.screening.auth.names import root, same_organisation

MOST_NAMES = 8


@lru_cache(4096)
def walk(domain: str) -> tuple[str, ...]:
    """The names whose records are asked for, the longest first; never more than eight (RFC 9989, section 4.10)."""
    labels = domain.split(".")
    above = labels[1:] if len(labels) < MOST_NAMES else labels[1 - MOST_NAMES :]
    return (domain, *(".".join(above[at:]) for at in range(len(above))))


def record_of(author: str, ask: Resolver) -> Record | None:
    """The record that holds for an author's domain: its own, else its organisation's, else that of who is above it.

    None where there is none, or where it says nothing that can be followed. Raises Missing, once for the whole walk.
    """
    found = []
    for record in _on_the_way(walk(author), ask):
        found.append(record)
        if record.domain == author:
            break
    if not found:
        return None
    held = found[0]
    if held.domain != author:
        own = [record for record in found if _is_within(record.domain, organisation(author, ask))]
        held = own[-1] if own else found[0]
    return held if held.policy else None


def organisation(domain: str, ask: Resolver) -> str:
    """The root of the organisation that a name is of. Raises what ``ask`` does; Missing once for all questions."""
    base = root(domain)
    for record in _on_the_way(_within(domain, base), ask):
        if record.boundary == "n" or (record.boundary and record.domain == domain):
            return record.domain
        if record.boundary == "y":
            return _below(record.domain, domain)
    return base


def is_aligned(one: str, other: str, ask: Resolver) -> bool:
    """Whether two names are one organisation's, as relaxed alignment wants it. Raises what ``ask`` does."""
    if not same_organisation(one, other):
        return False
    return one == other or organisation(one, ask) == organisation(other, ask)


def questions(domain: str) -> list[tuple[str, str]]:
    """What ``organisation`` may ask."""
    return [(f"_dmarc.{name}", "TXT") for name in _within(domain, root(domain))]


def _on_the_way(names: tuple[str, ...], ask: Resolver) -> Iterator[Record]:
    """The records of these names, up to one that says where an organisation ends; what is above it is not read."""
    for at, name in enumerate(names):
        try:
            record = published(name, ask)
        except Missing:
            all_at_once([(f"_dmarc.{one}", "TXT") for one in names[at:]], ask)
            raise
        if record is not None:
            yield record
            if record.boundary:
                return


def _within(domain: str, base: str) -> tuple[str, ...]:
    return tuple(name for name in walk(domain) if _is_within(name, base))


def _is_within(name: str, base: str) -> bool:
    return name == base or name.endswith(f".{base}")


def _below(parent: str, domain: str) -> str:
    """The name one label below ``parent`` on the way to ``domain``."""
    return ".".join(domain.split(".")[-parent.count(".") - 2 :])
