"""What ``postbox rescore`` and ``postbox reapply`` share: asking for the work, and showing how far it has come.

Decides that the work is a worker's, so that it goes on when the command is stopped; ``--here`` does it in this process,
for where no worker runs.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_date, parse_datetime

from postbox.identity.models import Agent
from postbox.ingest import reexaminations
from postbox.ingest.models import Again, Reexamination

ACTOR = "operator:command-line"
_LOOK_EVERY = 1.0


class AgainCommand(BaseCommand):
    kind: ClassVar[Again]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agent", default="", help="only this agent's mail: its id, or owner/id")
        parser.add_argument("--since", default="", help="only mail received after this date or time (UTC)")
        parser.add_argument("--limit", type=int, help="only so many of the newest")
        parser.add_argument("--no-wait", action="store_true", help="leave it to the workers and come back at once")
        parser.add_argument("--here", action="store_true", help="do it in this process, with or without workers")

    def handle(self, *args: Any, **options: Any) -> None:
        limit = options["limit"]
        if limit is not None and limit < 1:
            raise CommandError("--limit must be at least 1.")
        agent = _agent(options["agent"]) if options["agent"] else None
        since = _time(options["since"]) if options["since"] else None
        job = reexaminations.ask(self.kind, actor=ACTOR, agent=agent, since=since, limit=limit)
        if options["no_wait"]:
            self.stdout.write(f"{job.total} messages; the admin shows how far it has come ({job.id}).")
            return
        self._follow(job, here=options["here"])

    def _follow(self, job: Reexamination, *, here: bool) -> None:
        """Ends with the work; stopping the command does not stop a worker."""
        shown = -1
        while job.finished_at is None:
            if here:
                reexaminations.run(self.kind, seconds=_LOOK_EVERY)
            else:
                time.sleep(_LOOK_EVERY / 4)
            job.refresh_from_db()
            if (looked := job.done + job.passed_over) != shown:
                shown = looked
                self.stdout.write(f"{shown}/{job.total}")
        self.stdout.write(f"{job.done} done, {job.passed_over} passed over.")


def _agent(text: str) -> Agent:
    owner, _, name = text.rpartition("/")
    rows = Agent.objects.filter(name=name)
    found = list((rows.filter(owner__name=owner) if owner else rows)[:2])
    if len(found) != 1:
        raise CommandError(f"There is {'more than one' if found else 'no'} agent {text!r}; name it as owner/id.")
    return found[0]


def _time(text: str) -> datetime:
    try:
        day = None if "T" in text or " " in text else parse_date(text)
        at = datetime(day.year, day.month, day.day) if day else parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise CommandError("--since takes a date or time as 2026-01-31 or 2026-01-31T12:00:00Z.")
    return at if at.tzinfo else at.replace(tzinfo=UTC)
