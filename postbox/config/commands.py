"""The commands that `postbox` runs without Django, and those of Django's that need no system.

Decides only names. Each of ours is a function that takes the arguments and gives the exit status.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from importlib import import_module

OURS = {
    "up": ("postbox.config.up.command:up", "run everything here: PostgreSQL, Valkey, web server, workers, beat"),
    "replay": ("postbox.config.replay.command:main", "feed files, folders and mboxes through /ingest"),
    "distil": ("postbox.ingest.filters.distil:main", "HTML or a mail on stdin to what a reader sees"),
    "score": ("postbox.ingest.filters.score:main", "text on stdin to its injection score"),
    "bounces": ("reputation.bounces.command:main", "bounces, complaints and automatic replies in mails to JSON rows"),
    "bench-distil": ("postbox.bench.painted.command:main", "measure distilling against what Chromium paints"),
    "train-injection": ("postbox.bench.injection.train_command:main", "make the injection score's weights anew"),
    "bench-injection": ("postbox.bench.injection.bench_command:main", "measure the injection score"),
    "bench": ("postbox.bench.command:main", "measure the whole system against a bare loop"),
}
# These look at code alone. Where no system has run yet they get secrets that protect nothing.
OFFLINE = frozenset({"", "help", "--help", "-h", "version", "--version", "check", "makemigrations", "spectacular"})


def ours(name: str) -> Callable[[list[str]], int]:
    """The function behind one of our commands. KeyError for any other name."""
    module, _, function = OURS[name][0].partition(":")
    found: Callable[[list[str]], int] = getattr(import_module(module), function)
    return found


def summary() -> str:
    """Our commands, a line each."""
    return "\n".join(f"  {name:<16} {text}" for name, (_, text) in OURS.items())


def stand_ins() -> dict[str, str]:
    """Settings for a command that needs none: secrets of this process alone, and a database that nobody answers for."""
    secret = base64.b64encode(os.urandom(32)).decode()
    return {
        "POSTBOX_SECRET_KEY": secret,
        "POSTBOX_BOUNCE_SECRET": secret,
        "POSTBOX_MASTER_KEYS": secret,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "BROKER_URL": "redis://127.0.0.1:1/0",
    }
