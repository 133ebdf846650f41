"""The table of what `postbox up` runs beside the stores, and how each of it is ended.

All have their work in rows, so an end in the middle of a task loses nothing: the lease runs out and the row
is taken again. The times add up with those of the stores to less than the 15 s in which everything has to be
gone.
"""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import partial

from postbox.config.up.process import Service

KILL_AFTER = 7.0
COMMAND_WITHIN = 300.0
GAVE_UP = 70
SMTP_LISTEN = "POSTBOX_SMTP_LISTEN"
# The first SIGTERM lets a Celery worker finish its tasks, SIGQUIT hands them back, a second one ends it at
# once.
CELERY_STOP = ((0.0, signal.SIGTERM), (4.0, signal.SIGQUIT), (5.5, signal.SIGQUIT))
STOPS = {
    "web": ((0.0, signal.SIGTERM),),
    "lmtp": ((0.0, signal.SIGTERM),),
    "smtp": ((0.0, signal.SIGTERM),),
    "worker-ingest": CELERY_STOP,
    "worker-webhooks": CELERY_STOP,
    "worker-rest": CELERY_STOP,
    "beat": ((0.0, signal.SIGTERM),),
}


def services(environment: Mapping[str, str], *, forked: bool) -> list[Service]:
    """The services in the order of their start: as forks of the caller, which has everything loaded, or as
    programs. The SMTP door is one of them where POSTBOX_SMTP_LISTEN says where.
    """
    return [
        Service(
            name=name,
            argv=() if forked else (sys.executable, "-m", "postbox.config.up.run", name),
            target=partial(_run, name) if forked else None,
            env=environment,
            stop=stop,
            kill_after=KILL_AFTER,
        )
        for name, stop in STOPS.items()
        if name != "smtp" or environment.get(SMTP_LISTEN, "").strip()
    ]


def fork_server(environment: Mapping[str, str], commands: Sequence[Sequence[str]]) -> Service:
    """The process that forks all of the services and watches them; it needs longer to end than they do.

    Before its first services it runs these `postbox` commands, as forks of itself: each would load Django anew.
    """
    return Service(
        name="services",
        argv=(sys.executable, "-m", "postbox.config.up.forkserver", *map(shlex.join, commands)),
        env=environment,
        kill_after=KILL_AFTER + 1.5,
        hopeless=GAVE_UP,
    )


def command(line: str) -> Service:
    """A `postbox` command, as a fork of a process that has everything loaded."""
    arguments = shlex.split(line)
    return Service(name=arguments[0], target=partial(_command, arguments))


def _run(name: str) -> int:
    import gc

    gc.enable()
    from postbox.config.up.run import run

    return run(name)


def _command(arguments: Sequence[str]) -> int:
    import gc

    gc.enable()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["postbox", *arguments])
    return 0
