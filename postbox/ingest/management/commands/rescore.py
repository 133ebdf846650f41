"""``postbox rescore [--agent ID] [--since TIME] [--limit N]``, newest first, with progress."""

from __future__ import annotations

from postbox.ingest.again_command import AgainCommand
from postbox.ingest.models import Again


class Command(AgainCommand):
    help = "Score stored mail again."
    kind = Again.RESCORE
