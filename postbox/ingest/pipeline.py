"""The steps that every inbound mail goes through, in order.

Decides the order, that nothing more is asked of a mail once it is refused, and what happens to one that a step cannot
handle: it is quarantined with the traceback, while the rest of its batch goes on.

A batch goes through in turns: ``read`` each mail, ``ask`` the network about all of them at once, ``understand`` each,
``look_up`` in the database what is known of mail before them, ``judge`` each. Nothing here writes to the database.
"""

from __future__ import annotations

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, ModuleType

from django.db import InterfaceError, OperationalError

from postbox.ingest.metrics import STAGE_SECONDS
from postbox.ingest.steps import parse
from postbox.mail.models import Outcome
from postbox.rules import step as rules
from postbox.screening.auth import asking
from postbox.screening.baselines import store as baselines
from postbox.screening.case import Case, Verdict
from postbox.screening.fingerprints import store as fingerprints
from postbox.screening.likeness import correspondents
from postbox.screening.steps import (
    allow,
    anomalies,
    attachments,
    authenticate,
    distil,
    dlp,
    duplicate,
    lookalike,
    score,
    second_opinion,
    transport,
)

# signal.getsignal looks a function up in an Enum, which costs as much as some steps; this is what it wraps.
_handler_of = getattr(signal.getsignal, "__wrapped__", signal.getsignal)
EXAMINE_SECONDS = 10.0  # for the steps of one mail in each turn
_TOO_SLOW, SEAL_BROKEN, KILLED_WORKER = "too_slow", "seal_broken", "killed_worker"
# What ends a mail's way before any other step.
_ENDS = frozenset({_TOO_SLOW, SEAL_BROKEN, KILLED_WORKER})
STEPS: tuple[ModuleType, ...] = (
    parse,
    transport,
    authenticate,
    allow,
    distil,
    duplicate,
    score,
    lookalike,
    dlp,
    attachments,
    anomalies,
    rules,
)
# The first needs nothing but the mail; DNS is asked after it, for a whole batch at once. Where a second opinion is
# asked, it is asked for a whole batch at once, before the last. What came before is looked up for one ahead of
# `duplicate`.


class TookTooLong(Exception):
    """A mail was still being examined at its deadline."""


def examine(case: Case, steps: Sequence[ModuleType] = STEPS) -> None:
    """Run the steps over one mail, up to one that refuses it, and leave a verdict for each in the case.

    Never raises for what a mail does.
    """
    try:
        with deadline(EXAMINE_SECONDS):
            for step in steps:
                _run(step, case)
                if case.verdicts[-1].outcome == Outcome.REFUSE:
                    return
    except TookTooLong as error:
        shunt(case, _next_name(case, steps), _TOO_SLOW, error)


def read(case: Case) -> None:
    """The steps before the network is asked."""
    examine(case, STEPS[:1])


def ask(cases: Sequence[Case], seconds: float) -> list[Case]:
    """Ask DNS about a batch, within ``seconds``. Returns those whose answers did not come and may come later."""
    return asking.gather([case for case in cases if _goes_on(case)], seconds)


def understand(case: Case) -> None:
    """The steps after the network was asked, up to the text that a reader would see."""
    if _goes_on(case):
        examine(case, STEPS[1 : _looked_up()])


def look_up(cases: Sequence[Case]) -> None:
    """What is known of mail before these: a few queries, whatever their number. Raises what the database does."""
    whole = [case for case in cases if _got_through(case, _looked_up())]
    try:
        _look_up(whole)
    except (OperationalError, InterfaceError):  # the database's trouble, which no mail must be held for
        raise
    except Exception:  # one mail that it cannot handle: find it, keep the others
        for case in whole:
            _look_up_alone(case)


def judge(case: Case, steps: Sequence[ModuleType] = ()) -> None:
    """The steps after the look-up, or these of them: all, or those before the second opinion where one may be asked."""
    if _got_through(case, _looked_up()):
        examine(case, steps or (STEPS[_looked_up() : -1] if second_opinion.is_on() else STEPS[_looked_up() :]))


def examine_rest(cases: Sequence[Case], seconds: float) -> None:
    """Ask the second opinion about a batch, within ``seconds``, and run the step after it. Nothing where it is off."""
    if not second_opinion.is_on():
        return
    whole = [case for case in cases if _got_through(case, len(STEPS) - 1)]
    try:
        second_opinion.check_all(whole, seconds)
    except Exception as error:
        for case in whole:
            shunt(case, second_opinion.name, "crashed", error)
    for case in whole:
        examine(case, STEPS[-1:])


def _goes_on(case: Case) -> bool:
    """Whether the mail was read, well or badly: not where it does not open, or took too long."""
    return bool(case.verdicts) and case.verdicts[-1].code not in _ENDS


def _looked_up() -> int:
    """How many steps come before the look-up."""
    return STEPS.index(duplicate) if duplicate in STEPS else 1


def _got_through(case: Case, steps: int) -> bool:
    """Whether the first of the steps came to their end, and the mail was not refused by the last of them."""
    last = case.verdicts[-1] if case.verdicts else None
    return bool(
        last and last.step == STEPS[steps - 1].name and last.code != _TOO_SLOW and last.outcome != Outcome.REFUSE
    )


def _look_up(cases: Sequence[Case]) -> None:
    fingerprints.look_up(cases)
    correspondents.look_up(cases)
    baselines.look_up(cases)


def _look_up_alone(case: Case) -> None:
    try:
        _look_up([case])
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        case.prints = case.repeats = None
        shunt(case, STEPS[_looked_up() - 1].name, "crashed", error)


def _run(step: ModuleType, case: Case) -> None:
    try:
        check: Callable[[Case], Verdict] = step.check
        began = time.perf_counter()
        case.add(check(case))
        STAGE_SECONDS.observe(time.perf_counter() - began, step.name)
    except TookTooLong:
        raise
    except Exception as error:
        shunt(case, step.name, "crashed", error)


def crashed(case: Case, step: str, error: BaseException) -> Case:
    """The same mail without the products that could not be stored, quarantined with the traceback."""
    bare = Case(
        case.id,
        case.agent_id,
        case.agent_name,
        case.raw,
        case.mail_from,
        case.rcpt_to,
        case.received_at,
        policy=case.policy,
        authentication=case.authentication,
        verdicts=list(case.verdicts),
        traceback=case.traceback,
    )
    shunt(bare, step, "crashed", error)
    return bare


def shunt(case: Case, step: str, code: str, error: BaseException) -> None:
    """Note that this step could not handle the mail, which quarantines it, with the traceback."""
    case.traceback += "".join(traceback.format_exception(error, limit=-20))
    case.add(Verdict(step, Outcome.ERROR, code, f"The step {step} could not handle this mail: {type(error).__name__}."))


def _next_name(case: Case, steps: Sequence[ModuleType]) -> str:
    done = {verdict.step for verdict in case.verdicts}
    return str(next((step.name for step in steps if step.name not in done), steps[-1].name))


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise TookTooLong in this block after ``seconds``. Only a main thread can be interrupted; others rely on limits.

    The signal reaches Python code and linear-time C code between calls; what never returns ends at the task's time
    limit, and the lease then counts against the mail.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if _handler_of(signal.SIGALRM) is not _raise:  # left in place: setting it costs more than most steps
        signal.signal(signal.SIGALRM, _raise)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _raise(signum: int, frame: FrameType | None) -> None:
    raise TookTooLong("the time for one mail was over")
