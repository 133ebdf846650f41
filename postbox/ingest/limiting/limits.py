"""Which limits hold for one copy of a mail: by the settings, and by the policy of the address that it goes to.

Decides the buckets that a copy is counted in; never how full they are (postbox.ingest.limiting.buckets). Without any
limit it costs nothing: whether a policy names one is asked every few seconds, and else nobody's policy is read.
"""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

from django.conf import settings
from django.db import connection

from postbox.ingest.limiting import alarm
from postbox.lib.kept import Kept
from postbox.mail.store import Envelope, Recipient
from postbox.screening.policy import Checks, policies_of


class Scope(StrEnum):
    """Whose mail is counted together."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    SYSTEM = "system"


WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
AS_THE_INSTALLATION = -1
_NONE = 0
_SETTINGS_OF_POLICIES = [f"rate_{scope}_{window}" for scope in (Scope.SENDER, Scope.RECIPIENT) for window in WINDOWS]
_ANY = """
SELECT EXISTS (SELECT 1 FROM policies WHERE checks ?| %s),
       EXISTS (SELECT 1 FROM policies WHERE checks @? '$.keyvalue() ? (@.key starts with "rate_" && @.value > 0)')
"""
_IPV6_NETWORK = 64  # what one customer has: counted by single addresses, each mail could have its own
_any: Kept[str, tuple[bool, bool]] = Kept(seconds=5.0)
_checks: Kept[uuid.UUID, Checks] = Kept(seconds=5.0)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is counted together until ``ends``, and how much of it there may be."""

    key: bytes
    scope: Scope
    window: str
    most: int
    ends: datetime


def forget() -> None:
    """Drop what this process keeps of policies."""
    alarm.forget()
    _any.clear()
    _checks.clear()


def buckets_of(envelope: Envelope, recipients: Iterable[Recipient], now: datetime) -> list[tuple[Bucket, ...]]:
    """For each recipient the buckets that its copy is counted in; empty where nothing is limited at all."""
    usual: Mapping[tuple[str, str], int] = settings.POSTBOX_RATES
    if not any(usual.values()) and not _policies()[1]:
        return []
    recipients = list(recipients)
    checks = _checks_of(recipients)
    sender = _sender(envelope)
    share = alarm.SHARE if alarm.is_on(now) else 1
    return [_of_one(sender, one, checks[one.address_id], usual, share, now) for one in recipients]


def _of_one(
    sender: str, recipient: Recipient, checks: Checks, usual: Mapping[tuple[str, str], int], share: int, now: datetime
) -> tuple[Bucket, ...]:
    found: list[Bucket] = []
    for window in WINDOWS:
        own = getattr(checks, f"rate_sender_{window}")
        # A policy's own limit is for what a sender sends to its address, the installation's for all of it.
        what, most = (f"{sender}|{recipient.address_id}", own) if own >= _NONE else (sender, usual["sender", window])
        found.append(_bucket(Scope.SENDER, what, window, -(-most // share), now))
        own = getattr(checks, f"rate_recipient_{window}")
        most = own if own >= _NONE else usual["recipient", window]
        found.append(_bucket(Scope.RECIPIENT, str(recipient.address_id), window, most, now))
        found.append(_bucket(Scope.SYSTEM, "", window, usual["system", window], now))
    return tuple(bucket for bucket in found if bucket.most)


def _bucket(scope: Scope, what: str, window: str, most: int, now: datetime) -> Bucket:
    begins = now.replace(minute=0, second=0, microsecond=0)
    begins = begins if window == "hour" else begins.replace(hour=0)
    key = blake2b(f"{scope}|{what}|{window}|{begins.isoformat()}".encode(), digest_size=16).digest()
    return Bucket(key, scope, window, most, begins + WINDOWS[window])


def _sender(envelope: Envelope) -> str:
    """Client and envelope domain. Without a client's address all who name the same domain are one sender."""
    return f"{network(envelope.client_ip or '')}|{envelope.mail_from.rpartition('@')[2].lower()}"


@lru_cache(4096)
def network(address: str) -> str:
    """What is counted as one client: an IPv4 address, also in an IPv6 one, or an IPv6 client's /64. Empty for none."""
    if ":" not in address:
        return address
    parsed = ipaddress.IPv6Address(address.split("%")[0])
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))


def _policies() -> tuple[bool, bool]:
    """Whether any policy says something of limits, and whether any sets one."""
    found = _any.get("")
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(_ANY, [_SETTINGS_OF_POLICIES])
            found = _any.put("", cursor.fetchone())
    return found


def _checks_of(recipients: Iterable[Recipient]) -> dict[uuid.UUID, Checks]:
    """The settings of each address. At most one query, for those that are not kept."""
    ids = {one.address_id for one in recipients}
    if not _policies()[0]:
        return dict.fromkeys(ids, Checks())
    found = {id_: kept for id_ in ids if (kept := _checks.get(id_))}
    if missing := ids - found.keys():
        for id_, policy in policies_of(missing).items():
            if id_ is not None:
                found[id_] = _checks.put(id_, policy.checks)
    return found
