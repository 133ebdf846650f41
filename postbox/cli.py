"""The console script `postbox`, which is `manage.py` by another name.

Decides who handles a command: `up` is ours, with no Django in the process; all others are Django's, with the
environment of the system that runs in the home folder unless the caller set its own.
"""

from __future__ import annotations

import os
import sys

from postbox.config.up.home import Home

SETTINGS = "postbox.config.settings"


def main(arguments: list[str] | None = None) -> int:
    """Run one command, by default that of the command line, and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["up"]:
        from postbox.config.up.command import up

        return up(arguments[1:])
    join_running_system()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["postbox", *arguments])
    return 0


def join_running_system() -> None:
    """Take the addresses and secrets of the home's running or last `up` for what the environment leaves
    unset.

    A caller that names its own database gets nothing: the secrets of another system must not meet its data.
    """
    if os.environ.get("DATABASE_URL"):
        return
    for name, value in Home.chosen().published().items():
        if not os.environ.get(name):
            os.environ[name] = value
