"""What is an owner's own: the domains and names that others might imitate, ready to be compared with.

Decides which of them count: the owner's domains and those of the agents' addresses, the domains that write often, the
names of owner and agents. What is so short or so common that others have it by chance is left out.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from django.db import connection

from postbox.lib.kept import Kept
from postbox.lib.orgdomain import organisational, organisational_label
from postbox.screening.likeness.shapes import one_off, shape, shown
from postbox.screening.models import OFTEN

_MOST = 300
_SHORTEST = 5
# Beside a name they add nothing to it; alone they are nobody's name.
_WORDS_ADDED = """
account accounts admin administration agent alert alerts assistant auth billing bot care center centre contact
customer customers desk finance help helpdesk hr info invoice invoices it login mail mailer notice
notification notifications office official online orders pay payment payments payroll portal sales secure
security service services shop sign signin staff support system team tech update updates user verification
verify web webmail
"""
ADDED = frozenset(_WORDS_ADDED.split())
_WORDS = re.compile(r"[^\W_]+")
_FIND = """
SELECT owner_id, kind, value FROM (
    SELECT id AS owner_id, 'name' AS kind, name AS value FROM owners WHERE id = ANY(%(ids)s)
    UNION ALL SELECT id, 'address', email FROM owners WHERE id = ANY(%(ids)s) AND email <> ''
    UNION ALL SELECT owner_id, 'name', name FROM agents WHERE owner_id = ANY(%(ids)s)
    UNION ALL SELECT owner_id, 'domain', name FROM domains WHERE owner_id = ANY(%(ids)s)
    UNION ALL SELECT DISTINCT g.owner_id, 'domain', d.name FROM agents g
        JOIN addresses a ON a.agent_id = g.id AND a.ended_at IS NULL JOIN domains d ON d.id = a.domain_id
        WHERE g.owner_id = ANY(%(ids)s)
) AS own
UNION ALL
SELECT o.id, 'often', c.domain FROM unnest(%(ids)s) AS o (id) CROSS JOIN LATERAL (
    SELECT domain FROM correspondents WHERE owner_id = o.id AND mails >= %(often)s
    ORDER BY last_seen DESC LIMIT %(most)s
) AS c
"""
_own: Kept[uuid.UUID, Own] = Kept(seconds=60.0, most=1000)


@dataclass(slots=True)
class Own:
    """What an owner has. ``looks`` maps what a domain's label looks like to that domain, ``near`` also one edit off."""

    domains: set[str] = field(default_factory=set)
    often: set[str] = field(default_factory=set)
    looks: dict[str, str] = field(default_factory=dict)
    near: dict[str, str] = field(default_factory=dict)
    names: dict[frozenset[str], str] = field(default_factory=dict)
    # Domains that were compared already, with what each imitates: few of them bring most of the mail.
    compared: dict[str, str | None] = field(default_factory=dict)

    def add_domain(self, name: str, *, often: bool = False) -> None:
        """An own domain, or one that writes often."""
        root = organisational(name)
        if root in self.domains or (often and root in self.often):
            return
        (self.often if often else self.domains).add(root)
        look = look_of(root)
        self.looks.setdefault(look, root)
        for near in one_off(look) if len(look) > _SHORTEST else ():
            self.near.setdefault(near, root)

    def add_name(self, name: str) -> None:
        """A person's or an agent's name."""
        if words := name_words(name):
            self.names.setdefault(words, name)


def look_of(root: str) -> str:
    """What the label looks like that a domain's holder chose."""
    return shape(shown(organisational_label(root))).replace("-", "")


@lru_cache(8192)
def name_words(name: str) -> frozenset[str]:
    """What a display name looks like, word by word, without words that anybody adds; nothing where that is no name."""
    words = [word for word in _WORDS.findall(name) if word.casefold() not in ADDED]
    return frozenset(map(shape, words)) if sum(map(len, words)) >= _SHORTEST else frozenset()


def of(owner_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Own]:
    """What these owners have, up to a minute old. At most one query."""
    ids = set(owner_ids)
    found = {id_: kept for id_ in ids if (kept := _own.get(id_))}
    if missing := sorted(ids - found.keys()):
        made = {id_: Own() for id_ in missing}
        with connection.cursor() as cursor:
            cursor.execute(_FIND, {"ids": missing, "often": OFTEN, "most": _MOST})
            rows = cursor.fetchall()
        for often in (False, True):
            for id_, kind, value in rows:
                if (kind == "often") == often:
                    _add(made[id_], kind, value)
        found |= {id_: _own.put(id_, own) for id_, own in made.items()}
    return found


def forget() -> None:
    """Drop what this process keeps."""
    _own.clear()


def _add(own: Own, kind: str, value: str) -> None:
    if kind == "name":
        own.add_name(value)
    elif kind == "address":  # the domain of one's own address may be a provider's, so it is nobody's own
        own.add_name(value.rpartition("@")[0])
    else:
        own.add_domain(value.lower(), often=kind == "often")
