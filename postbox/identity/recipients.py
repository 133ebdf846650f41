"""Whom an address reaches: exact addresses and aliases, plus tags set aside (RFC 5233), else its domain's catch-all.

Decides which agent a recipient means. It never decides whether the mail may come in.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from postbox.lib.kept import Kept

_FIND = """
SELECT w.address, d.id, d.agent_id, a.name, a.owner_id, e.id IS NOT NULL
FROM unnest(%s::text[]) AS w(address)
LEFT JOIN addresses e ON e.address = w.address AND e.ended_at IS NULL
LEFT JOIN domains o ON e.id IS NULL AND lower(o.name) = split_part(w.address, '@', -1)
JOIN addresses d ON d.id = COALESCE(e.id, o.catch_all_id)
JOIN agents a ON a.id = d.agent_id
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """The address row that a recipient means, and whose it is."""

    address_id: uuid.UUID
    agent_id: uuid.UUID
    agent_name: str
    owner_id: uuid.UUID


_reached: Kept[str, Reached] = Kept(seconds=2.0)


def without_tag(address: str) -> str:
    """``agent+tag@domain`` (and ``agent+@domain``) as ``agent@domain``."""
    local, at, domain = address.rpartition("@")
    return f"{local.split('+', 1)[0]}{at}{domain}" if "+" in local[1:] else address


def resolve(addresses: Iterable[str]) -> Mapping[str, Reached]:
    """For each address (lower case) that is known here, whom it reaches. At most one query.

    An address found is kept for two seconds; one that is not known, or that only a catch-all takes, is looked up every
    time, so that a new address works at once.
    """
    plain = {address: without_tag(address) for address in addresses}
    found = {bare: reached for bare in set(plain.values()) if (reached := _reached.get(bare))}
    if missing := [bare for bare in set(plain.values()) if bare not in found]:
        found |= _look_up(missing)
    return {address: found[bare] for address, bare in plain.items() if bare in found}


def _look_up(addresses: list[str]) -> dict[str, Reached]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [addresses])
        rows = cursor.fetchall()
    found = {address: Reached(*row) for address, *row, _ in rows}
    for address, *_, is_exact in rows:
        if is_exact:
            _reached.put(address, found[address])
    return found


def forget() -> None:
    """Drop what this process keeps."""
    _reached.clear()
