"""Working off stored mail: claim a batch, examine each mail, settle them together, until nothing is left.

Decides when to stop: a run ends after a few seconds so that the worker can be told to go. It holds no transaction
while it examines.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from django.db import DataError, IntegrityError, InterfaceError, OperationalError

from postbox.events import wakeups
from postbox.events.plans import prefer_indexes
from postbox.identity.models import AgentKey
from postbox.ingest import claim, pipeline, threads
from postbox.ingest.pipeline import crashed, shunt
from postbox.ingest.settle import Settlement, prepare, settle
from postbox.lib import about, crash
from postbox.lib.envelope import MasterKeyMissing, SealBroken
from postbox.mail import blobs
from postbox.mail.keys import KeyErased, open_part, unwrap
from postbox.mail.models import Outcome
from postbox.rules.compiled import CompiledRule, rules_of
from postbox.screening.auth.asking import wait_of
from postbox.screening.case import Case, Verdict
from postbox.screening.policy import Effective, policies_of

log = logging.getLogger(__name__)

RUN_SECONDS = 5.0
# While mail keeps coming, a short wait makes the next batch larger than a handful: a batch has a price of its own.
_GATHER_BELOW = 16
_GATHER_SECONDS = 0.01
# Under a steady backlog, mail that is to be tried again must not wait for a quiet moment.
_AGAIN_EVERY, _WAITED_EVERY = 8, 4
# Of a lease, half may go by over examining, and these shares over waiting for a second opinion and for DNS.
_OPINION_SHARE, _DNS_SHARE = 5, 10
# Mail that waits for DNS for no longer than this is looked for here; the sweep finds what waits longer.
_SHORT_WAIT, _LOOK_SECONDS = 4.0, 0.1


def run() -> int:
    """Work off what is due, for some seconds. Returns how many mails were settled."""
    prefer_indexes()
    wakeups.clear("ingest")
    until = time.monotonic() + RUN_SECONDS
    done, turn = 0, 1
    back = _Back()
    while time.monotonic() < until:
        batch = _next(turn)
        turn += 1
        if not batch.mails:
            if back.soon():
                time.sleep(_LOOK_SECONDS)
                continue
            return done
        if batch.full:
            wakeups.publish("ingest")
        done += _work(batch, back)
        if len(batch.mails) < _GATHER_BELOW:
            time.sleep(_GATHER_SECONDS)
    wakeups.publish("ingest", force=True)
    return done


class _Back:
    """Until when mail that was given back comes due soon enough to wait for it."""

    def __init__(self) -> None:
        self._until = 0.0

    def note(self, waits: Iterable[timedelta]) -> None:
        short = [wait.total_seconds() for wait in waits if wait.total_seconds() <= _SHORT_WAIT]
        self._until = max(self._until, time.monotonic() + max(short, default=-_LOOK_SECONDS) + _LOOK_SECONDS)

    def soon(self) -> bool:
        return time.monotonic() < self._until


def _next(turn: int) -> claim.Batch:
    """A batch that nobody has tried yet, else what waited for DNS, else one mail whose worker did not come back.

    The two others go first every few turns, so that new mail never keeps them waiting, nor they new mail.
    """
    kinds = [claim.fresh, claim.waited, claim.again]
    if turn % _AGAIN_EVERY == 0:
        kinds = [claim.again, claim.fresh, claim.waited]
    elif turn % _WAITED_EVERY == 0:
        kinds = [claim.waited, claim.fresh, claim.again]
    batches = (kind() for kind in kinds)
    return next((batch for batch in batches if batch.mails), claim.Batch(uuid.uuid4(), []))


def _work(batch: claim.Batch, back: _Back | None = None) -> int:
    lease, until = claim.LEASE.total_seconds(), time.monotonic() + claim.LEASE.total_seconds() / 2
    opened = _open(batch, until)
    waiting = pipeline.ask([case for case, _ in opened], lease / _DNS_SHARE)
    _give_back(batch.token, waiting, back)
    gone = {case.id for case in waiting}
    judged = _judge([item for item in opened if item[0].id not in gone], until)
    pipeline.examine_rest([case for case, _ in judged], lease / _OPINION_SHARE)
    _assign_threads([case for case, _ in judged])
    settlements = [_prepare(case, key) for case, key in judged]
    crash.point("ingest.settle")
    return _settle(batch.token, settlements)


def _open(batch: claim.Batch, until: float) -> list[tuple[Case, bytes]]:
    """The batch's mails, read, each with its key."""
    opened: list[tuple[Case, bytes]] = []
    rules = rules_of(mail.agent_id for mail in batch.mails)
    policies = policies_of(mail.address_id for mail in batch.mails)
    for mail in batch.mails:
        if time.monotonic() > until:  # slow mails: settle what is done, the lease gives the rest to the next claim
            break
        found = _handle(mail, batch.token, policies[mail.address_id], rules.get(mail.agent_id, ()))
        if found is not None:
            opened.append(found)
    return opened


def _give_back(token: uuid.UUID, waiting: Sequence[Case], back: _Back | None) -> None:
    """Mail whose answers from DNS did not come waits for them, and holds nobody up."""
    if waiting:
        waits = {case.id: wait_of(case) for case in waiting}
        claim.give_back(token, waits)
        if back is not None:
            back.note(waits.values())


def _judge(opened: Sequence[tuple[Case, bytes]], until: float) -> list[tuple[Case, bytes]]:
    understood = _each(opened, pipeline.understand, until)
    pipeline.look_up([case for case, _ in understood])
    return _each(understood, pipeline.judge, until)


def _each(opened: Sequence[tuple[Case, bytes]], what: Callable[[Case], None], until: float) -> list[tuple[Case, bytes]]:
    """Do this with each mail as long as there is time; gives those with which it was done."""
    done = []
    for case, key in opened:
        if time.monotonic() > until:
            break
        with about.message(case.id):
            what(case)
        done.append((case, key))
    return done


def _assign_threads(cases: Sequence[Case]) -> None:
    try:
        threads.assign(cases)
    except (OperationalError, InterfaceError):  # the database's trouble, which no mail must be held for
        raise
    except Exception:  # one mail that it cannot handle: find it, keep the others
        for case in cases:
            _assign_thread_alone(case)


def _assign_thread_alone(case: Case) -> None:
    try:
        threads.assign([case])
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        shunt(case, "threads", "crashed", error)


def _settle(token: uuid.UUID, settlements: list[Settlement]) -> int:
    try:
        return settle(token, settlements)
    except (DataError, IntegrityError):  # one mail holds what a column cannot: find it, keep the others
        return sum(_settle_alone(token, item) for item in settlements)


def _settle_alone(token: uuid.UUID, item: Settlement) -> int:
    try:
        return settle(token, [item])
    except (DataError, IntegrityError) as error:
        return settle(token, [prepare(crashed(item.case, "settle", error), item.key)])


def _handle(
    mail: claim.Claimed, token: uuid.UUID, policy: Effective, rules: Sequence[CompiledRule]
) -> tuple[Case, bytes] | None:
    """A mail that was read, and its key. None when it cannot be read now: it waits, and costs nobody else time.

    A key may come back (a restore in two parts, a master key put back), so what cannot be opened is held, never ended.
    """
    with about.message(mail.id):
        try:
            return _read(mail, policy, rules)
        except (MasterKeyMissing, OSError) as error:
            log.error("message_waits", exc_info=error)
            claim.release(token, mail.id, claim.OWN_TROUBLE)
        except (KeyErased, AgentKey.DoesNotExist, SealBroken) as error:
            log.error("message_unreadable", exc_info=error)
            claim.release(token, mail.id, claim.UNREADABLE)
    return None


def _read(mail: claim.Claimed, policy: Effective, rules: Sequence[CompiledRule]) -> tuple[Case, bytes] | None:
    case = _case(mail, policy)
    case.rules = rules
    key = _key(mail)
    try:
        case.raw = open_part(key, _sealed(mail), mail.id, "raw", mail.agent_id)
    except SealBroken:
        reason = "The stored mail does not open with its own key: it was changed or exchanged."
        case.add(Verdict("parse", Outcome.ERROR, pipeline.SEAL_BROKEN, reason))
        return case, key
    if mail.attempts > claim.MAX_ATTEMPTS:
        reason = f"Its worker died {claim.MAX_ATTEMPTS} times while it examined this mail."
        case.add(Verdict("parse", Outcome.ERROR, pipeline.KILLED_WORKER, reason))
    else:
        crash.point("ingest.examine", case.raw)
        pipeline.read(case)
    return case, key


def _case(mail: claim.Claimed, policy: Effective) -> Case:
    return Case(
        mail.id,
        mail.agent_id,
        mail.agent_name,
        b"",
        mail.mail_from,
        mail.rcpt_to,
        mail.received_at,
        owner_id=mail.owner_id,
        address_id=mail.address_id,
        client_ip=mail.client_ip,
        helo=mail.helo,
        tls=mail.tls,
        waits=mail.waits,
        policy=policy,
    )


def _prepare(case: Case, key: bytes) -> Settlement:
    try:
        return prepare(case, key)
    except Exception as error:  # a product that cannot be put into words: the mail's trouble, not its batch's
        return prepare(crashed(case, "settle", error), key)


def _key(mail: claim.Claimed) -> bytes:
    if mail.wrapped is None:
        raise KeyErased(f"the key of message {mail.id} was erased")
    return unwrap(mail.wrapped, mail.id, mail.agent_id)


def _sealed(mail: claim.Claimed) -> bytes:
    return mail.sealed if mail.sealed is not None else blobs.read(mail.body_ref)
