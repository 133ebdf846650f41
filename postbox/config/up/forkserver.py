"""The process that all services are forked from, so that Django, Celery and Postbox are in memory once.

Measured: eight processes that load everything on their own take about 100 MB each, forks a fraction of it.
Runs the commands of its arguments first, unless the database was prepared at this start already. Watches the
services as the main supervisor watches the stores; when it cannot keep one alive, or a command fails, it exits with
`GAVE_UP`.
"""

from __future__ import annotations

import gc
import os
import sys

from postbox.config.up.console import say
from postbox.config.up.home import Home
from postbox.config.up.process import set_name
from postbox.config.up.run import load
from postbox.config.up.services import COMMAND_WITHIN, GAVE_UP, command, services
from postbox.config.up.signals import Signals
from postbox.config.up.supervisor import Failed, Stopping, Supervisor


def main() -> int:
    """Load, prepare, fork, watch, until SIGTERM or SIGINT."""
    signals = Signals()
    set_name("services")
    gc.disable()
    load()
    gc.collect()
    gc.freeze()  # the collector would write to every page that the forks share
    home = Home.chosen()
    supervisor = Supervisor(home.logs, wait=signals.wait, stopping=signals.stopping, say=say)
    try:
        if not home.prepared.exists():
            for line in sys.argv[1:]:
                supervisor.run(command(line), COMMAND_WITHIN)
            home.prepared.touch()
        for service in services(dict(os.environ), forked=True):
            supervisor.start(service)
        while True:
            supervisor.step()
    except Stopping:
        return 0
    except Failed as error:
        say(str(error))
        return GAVE_UP
    finally:
        supervisor.stop()


if __name__ == "__main__":
    sys.exit(main())
