"""Sending what is due: claim a batch, open and sign each mail, hand it over, write down the answers.

Decides when to stop: a run ends after some seconds so that the worker can be told to go. It holds no transaction while
it talks to a server, and hands over a few mails at a time, so that a worker that dies leaves few unknown.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence

from outbound import asked, batch, dkim, metrics, results
from outbound.batch import Batch, Parcel, Target
from outbound.models import Outgoing
from outbound.results import Ending, ending
from outbound.transports import current
from outbound.transports.base import Letter, Outcome, Result, Transport, same
from postbox.events import wakeups
from postbox.events.plans import prefer_indexes
from postbox.identity.models import AgentKey
from postbox.lib import about, crash
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail import blobs
from postbox.mail.keys import KeyErased, open_part, unwrap
from postbox.mail.models import MessageKey

log = logging.getLogger(__name__)

RUN_SECONDS = 20.0
# A rest between two claims while there is little to do, so that what comes meanwhile goes in one batch and needs no
# task of its own.
GATHER_SECONDS = 0.1
# How many mails are marked as being handed over at once.
HANDFUL = 32
_UNREADABLE = (KeyErased, AgentKey.DoesNotExist, SealBroken, MasterKeyMissing, OSError)


def run(transport: Transport | None = None) -> int:
    """Send what is due, for some seconds. Returns how many mails were settled."""
    prefer_indexes()
    wakeups.clear("outbound")
    results.give_up_lost()
    while asked.take() == asked.PORTION:
        pass
    way = transport or current()
    if way is None:  # an MTA asks for its mail itself
        return 0
    until = time.monotonic() + RUN_SECONDS
    done = 0
    while time.monotonic() < until:
        claimed = batch.next_outbound_batch()
        if not claimed.parcels and not claimed.emptied:
            return done
        if claimed.full:
            wakeups.publish("outbound")
        done += _work(claimed, way)
        if not claimed.full:
            time.sleep(GATHER_SECONDS)
    wakeups.publish("outbound", force=True)
    return done


def _work(claimed: Batch, way: Transport) -> int:
    done = settle_emptied(claimed, way.name)
    until = time.monotonic() + batch.LEASE.total_seconds() / 2
    for handful in _handfuls(claimed.parcels):
        if time.monotonic() > until:  # the lease gives the rest to the next claim
            break
        done += _hand_over(claimed, handful, way)
    return done


def settle_emptied(claimed: Batch, transport: str) -> int:
    """Those whose recipients were all suppressed since: nobody is left to write to."""
    ends = [ending(parcel, Result(parcel.id, ()), key_of(parcel)) for parcel in claimed.emptied]
    return results.record_send_result(claimed.token, ends, transport)


def opened_letters(claimed: Batch, parcels: Sequence[Parcel]) -> list[tuple[Letter, Parcel, bytes]]:
    """Mails opened and marked as being handed over, each with its key; who is not among them waits."""
    opened = {parcel.id: (parcel, *found) for parcel in parcels if (found := _open(parcel)) is not None}
    crash.point("outbound.claimed")
    mine = batch.begin(claimed.token, [parcel for parcel, _, _ in opened.values()])
    return [(_letter(parcel, opened[parcel.id][2]), parcel, opened[parcel.id][1]) for parcel in mine]


def parcel_of(row: Outgoing, targets: list[Target]) -> Parcel:
    """A mail that was claimed before, by another process perhaps, with the recipients that are open."""
    wrapped = MessageKey.objects.filter(pk=row.pk).values_list("wrapped", flat=True).first()
    return Parcel(
        id=row.pk,
        agent_id=row.agent_id,
        agent_name=row.agent.name,
        owner_id=row.agent.owner_id,
        attempts=row.attempts,
        created_at=row.created_at,
        due_since=row.due_since or row.created_at,
        origin=row.origin,
        thread_id=row.thread_id,
        mail_from=row.message.mail_from,
        header_from=row.message.header_from,
        body_ref=row.message.body_ref,
        wrapped=bytes(wrapped) if wrapped is not None else None,
        sealed=None,
        content=bytes(row.message.content.body),
        targets=targets,
    )


def _handfuls(parcels: Sequence[Parcel]) -> Iterator[Sequence[Parcel]]:
    for start in range(0, len(parcels), HANDFUL):
        yield parcels[start : start + HANDFUL]


def _hand_over(claimed: Batch, handful: Sequence[Parcel], way: Transport) -> int:
    opened = {letter.id: (letter, parcel, key) for letter, parcel, key in opened_letters(claimed, handful)}
    crash.point("outbound.begun")
    ends: list[Ending] = []
    began = time.monotonic()
    for result in _shipped(way, [letter for letter, _, _ in opened.values()]):
        letter, parcel, key = opened[result.id]
        crash.point("outbound.handed", letter.raw)
        ends.append(ending(parcel, result, key))
    metrics.SHIP_SECONDS.observe(time.monotonic() - began, way.name)
    done = results.record_send_result(claimed.token, ends, way.name)
    crash.point("outbound.recorded")
    return done


def _shipped(way: Transport, letters: Sequence[Letter]) -> Iterator[Result]:
    """A result for every letter: where the transport itself breaks, nobody knows of those that it gave none for."""
    left = {letter.id: letter for letter in letters}
    try:
        for result in way.ship(letters):
            left.pop(result.id, None)
            yield result
    except Exception as error:
        log.error("transport_broke", extra={"transport": way.name}, exc_info=error)
        for letter in left.values():
            yield same(letter, Outcome.UNKNOWN, "transport_broke", f"{type(error).__name__}: {error}")


def _letter(parcel: Parcel, raw: bytes) -> Letter:
    return Letter(parcel.id, parcel.mail_from, raw, tuple(target.address for target in parcel.targets))


def _open(parcel: Parcel) -> tuple[bytes, bytes] | None:
    """The mail's key and octets, signed. None when it cannot be read now: its lease runs out, and it is tried again."""
    with about.message(parcel.id):
        try:
            key = _require_key(parcel)
            sealed = parcel.sealed if parcel.sealed is not None else blobs.read(parcel.body_ref)
            raw = open_part(key, sealed, parcel.id, "raw", parcel.agent_id)
            return key, dkim.signed(raw, parcel.header_from, parcel.agent_id)
        except _UNREADABLE as error:
            log.error("message_waits", exc_info=error)
            return None


def key_of(parcel: Parcel) -> bytes | None:
    """The mail's key; None where it cannot be had."""
    try:
        return _require_key(parcel)
    except _UNREADABLE:
        return None


def _require_key(parcel: Parcel) -> bytes:
    if parcel.wrapped is None:
        raise KeyErased(f"the key of message {parcel.id} was erased")
    return unwrap(parcel.wrapped, parcel.id, parcel.agent_id)
