"""The process that all services are forked from, so that Django, Celery and Postbox are in memory once.

Measured: eight processes that load everything on their own take about 100 MB each, forks a fraction of it.
Watches the services as the main supervisor watches the stores; when it cannot keep one alive it exits with
`GAVE_UP`.
"""

from __future__ import annotations

import gc
import sys

from postbox.config.up.console import say
from postbox.config.up.home import Home
from postbox.config.up.process import set_name
from postbox.config.up.run import load
from postbox.config.up.services import GAVE_UP, services
from postbox.config.up.signals import Signals
from postbox.config.up.supervisor import Failed, Stopping, Supervisor


def main() -> int:
    """Load, fork, watch, until SIGTERM or SIGINT."""
    signals = Signals()
    set_name("services")
    gc.disable()
    load()
    gc.collect()
    gc.freeze()  # the collector would write to every page that the forks share
    supervisor = Supervisor(Home.chosen().logs, wait=signals.wait, stopping=signals.stopping, say=say)
    try:
        for service in services({}, forked=True):
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
