"""``postbox retention``: what the nightly task does, now and to the end; or only what it would do."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from postbox.retention import forecast, run
from postbox.retention.models import Run


class Command(BaseCommand):
    help = "Delete what is past its retention (POSTBOX_RETENTION_DAYS), as the nightly task does."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
        parser.add_argument("--days", type=int, help="keep so many days instead of POSTBOX_RETENTION_DAYS")

    def handle(self, *args: Any, dry_run: bool, days: int | None, **options: Any) -> None:
        days = settings.POSTBOX_RETENTION_DAYS if days is None else days
        if days < 1:
            raise CommandError("--days must be 1 or more.")
        if dry_run:
            self.stdout.write(json.dumps(forecast.of(run.cutoff_of(days))))
            return
        begun = run.start(days)
        while run.go_on():
            begun.refresh_from_db()
            self.stderr.write(f"retention: {json.dumps(begun.counts)}")
        self._report(begun)

    def _report(self, begun: Run) -> None:
        begun.refresh_from_db()
        shape = {"run": str(begun.pk), "days": begun.days, "cutoff": begun.cutoff.isoformat(), **begun.counts}
        self.stdout.write(json.dumps(shape))
        if begun.finished_at is None:
            raise CommandError(
                "The run is not finished: another one is at work, the bucket is away, or rows are locked. "
                "It goes on by itself; the log says which."
            )
