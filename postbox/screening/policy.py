"""What policies come to for one address: the words of all levels made one.

Decides which level's word counts: the address's before the agent's, before the domain's, before the owner's, before the
installation's. It never looks at a mail.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import connection, models

from postbox.screening.allowed import choice, number, readable, texts
from postbox.screening.dlp.scan import check_own

_MANY = 1_000_000_000


class Auth(models.TextChoices):
    """What becomes of mail whose author is not authenticated."""

    ENFORCE = "enforce", "Enforce"
    QUARANTINE = "quarantine", "Quarantine"
    MONITOR = "monitor", "Monitor"


class Mode(models.TextChoices):
    """Who may write: anybody who is not blocked, or only who is allowed."""

    OPEN = "open", "Open"
    ALLOWLIST = "allowlist", "Allowlist"


class Strangers(models.TextChoices):
    """What becomes of mail from those who are not on an allowlist."""

    REFUSE = "refuse", "Refuse"
    QUARANTINE = "quarantine", "Quarantine"
    HOLD = "hold", "Hold for approval"


_FATES = ("flag", "quarantine", "refuse")


@dataclass(frozen=True, slots=True)
class Checks:
    """Settings of single checks, each read by its own step. Every field has a default that needs no decision.

    A field is declared by what it may be (postbox.screening.allowed says how), and by nothing anywhere else.
    """

    # Card and account numbers and keys: of mail that comes, of mail that leaves, and the owner's own patterns.
    dlp: str = choice("report", "off", "report", "mask", "remove", "quarantine")
    dlp_outbound: str = choice("report", "off", "report", "mask", "remove", "quarantine", "refuse")
    dlp_patterns: tuple[str, ...] = texts(most=20, longest=500, extra=check_own)
    # What becomes of a mail with such an attachment (postbox.screening.files.concerns.Group).
    attachments_executables: str = choice("refuse", *_FATES)
    attachments_malware: str = choice("refuse", *_FATES)
    attachments_macros: str = choice("quarantine", *_FATES)
    attachments_encrypted: str = choice("quarantine", *_FATES)
    attachments_opaque: str = choice("quarantine", *_FATES)
    attachments_disguised: str = choice("quarantine", *_FATES)
    attachments_active: str = choice("flag", *_FATES)
    # More or larger ones than this: the mail is quarantined.
    attachments_most: int = number(100, least=0, most=500)
    attachments_mib: int = number(25, least=1, most=25)
    # Mails taken at the door (postbox.ingest.limiting); -1: as the installation says, 0: no limit.
    rate_sender_hour: int = number(-1, least=-1, most=_MANY)
    rate_sender_day: int = number(-1, least=-1, most=_MANY)
    rate_recipient_hour: int = number(-1, least=-1, most=_MANY)
    rate_recipient_day: int = number(-1, least=-1, most=_MANY)
    # What becomes of mail that did not come by TLS 1.2 or better, or of which nobody says how it came.
    require_tls: str = choice("no", "no", "quarantine", "refuse")
    # What becomes of mail that says the very same as mail before it, and nearly the same.
    duplicates: str = choice("flag", "flag", "quarantine", "refuse")
    similar: str = choice("flag", "flag", "quarantine", "refuse")
    # What becomes of mail whose author's name or domain imitates others, whose answers would go to another
    # organisation, whose domain has not written before. ``people``: names that nobody from elsewhere may use.
    lookalike: str = choice("flag", "flag", "quarantine", "refuse")
    reply_to: str = choice("flag", "flag", "quarantine", "refuse")
    new_domain: str = choice("flag", "flag", "quarantine", "refuse")
    anomalies: str = choice("flag", "flag", "quarantine", "refuse")
    people: tuple[str, ...] = texts(most=200, longest=100)


@dataclass(frozen=True, slots=True)
class Effective:
    """The policy of one address."""

    auth: str = Auth.QUARANTINE
    mode: str = Mode.OPEN
    strangers: str = Strangers.QUARANTINE
    allow: frozenset[str] = frozenset()
    block: frozenset[str] = frozenset()
    checks: Checks = field(default_factory=Checks)


# One row a policy that touches an address, the widest first.
_FIND = """
SELECT a.id, p.auth, p.mode, p.strangers, p.allow, p.block, p.checks::text
FROM addresses a JOIN agents g ON g.id = a.agent_id
JOIN policies p ON p.owner_id = g.owner_id
 AND (p.domain_id IS NULL OR p.domain_id = a.domain_id)
 AND (p.agent_id IS NULL OR p.agent_id = a.agent_id)
 AND (p.address_id IS NULL OR p.address_id = a.id)
WHERE a.id = ANY(%s)
ORDER BY a.id, p.address_id IS NOT NULL, p.agent_id IS NOT NULL, p.domain_id IS NOT NULL
"""


def installation() -> Effective:
    """What holds where no policy says anything."""
    return Effective(auth=settings.POSTBOX_DEFAULT_AUTH)


def policies_of(address_ids: Iterable[uuid.UUID | None]) -> Mapping[uuid.UUID | None, Effective]:
    """The policy of each of these addresses; None stands for mail whose address is gone. One query."""
    ids = set(address_ids)
    found: dict[uuid.UUID | None, Effective] = dict.fromkeys(ids, installation())
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [[id_ for id_ in ids if id_]])
        for address_id, auth, mode, strangers, allow, block, checks in cursor.fetchall():
            found[address_id] = narrowed(found[address_id], auth, mode, strangers, allow, block, json.loads(checks))
    return found


def narrowed(
    wider: Effective,
    auth: str | None = None,
    mode: str | None = None,
    strangers: str | None = None,
    allow: Sequence[str] = (),
    block: Sequence[str] = (),
    checks: Mapping[str, Any] | None = None,
) -> Effective:
    """The policy with a narrower level's word over it.

    Who is blocked anywhere is blocked. A level that says its mode begins the list of who is allowed anew; one that does
    not adds to it.
    """
    return Effective(
        auth=auth or wider.auth,
        mode=mode or wider.mode,
        strangers=strangers or wider.strangers,
        allow=frozenset(allow) if mode else wider.allow | frozenset(allow),
        block=wider.block | frozenset(block),
        checks=replace(wider.checks, **readable(Checks, checks or {})),
    )
