"""The console script `postbox`, which is `manage.py` by another name.

Decides who handles a command: those of postbox.config.commands are ours, with no Django in the process; all others
are Django's, with the environment of the system that runs in the home folder unless the caller set its own.
"""

from __future__ import annotations

import os
import sys

from postbox.config import commands
from postbox.config.up.home import Home

SETTINGS = "postbox.config.settings"


def main(arguments: list[str] | None = None) -> int:
    """Run one command, by default that of the command line, and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    name = arguments[0] if arguments else ""
    if name in commands.OURS:
        return commands.ours(name)(arguments[1:])
    if name == "help" and len(arguments) == 2 and arguments[1] in commands.OURS:
        return commands.ours(arguments[1])(["--help"])
    join_running_system()
    if name in commands.OFFLINE:
        fill_in(commands.stand_ins())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    if name in ("", "help", "--help", "-h") and len(arguments) < 2:
        print(f"Postbox's own commands (each takes --help):\n{commands.summary()}\n\nDjango's:", flush=True)  # noqa: T201
    return django_command(arguments)


def django_command(arguments: list[str]) -> int:
    """Run one of Django's commands. A setting that is missing or wrong is said in a line, not in a traceback."""
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(["postbox", *arguments])
    except ImproperlyConfigured as error:
        print(f"postbox: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def join_running_system() -> None:
    """Take the addresses and secrets of the home's running or last `up` for what the environment leaves
    unset.

    A caller that names its own database gets nothing: the secrets of another system must not meet its data.
    """
    if not os.environ.get("DATABASE_URL"):
        fill_in(Home.chosen().published())


def fill_in(values: dict[str, str]) -> None:
    """Set the variables that are unset or empty."""
    for name, value in values.items():
        if not os.environ.get(name) and not os.environ.get(f"{name}_FILE"):
            os.environ[name] = value
