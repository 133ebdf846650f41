"""A handful of mails of the project's own, taken in by the same door as any other, so that no page is empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from postbox.config.management.commands.bootstrap import AGENT, OWNER
from postbox.events import wakeups
from postbox.identity.models import Address
from postbox.ingest.door import receive
from postbox.mail.models import Message
from postbox.mail.store import Envelope

FOLDER = Path(__file__).resolve().parents[2] / "samples"


class Command(BaseCommand):
    help = "Take in the sample mails, once, for the agent that `postbox up` makes."

    def handle(self, *args: Any, **options: Any) -> None:
        address = Address.objects.filter(agent__name=AGENT, agent__owner__name=OWNER).order_by("created_at").first()
        if address is None or Message.objects.filter(agent=address.agent_id).exists():
            return
        for path in sorted(FOLDER.glob("*.eml")):
            raw = path.read_bytes()  # as `postbox replay` hands them in: replayed, they are known
            sender = raw.split(b"<", 1)[1].split(b">", 1)[0].decode("ascii")
            receive(raw, Envelope(sender, (address.address,), "127.0.0.1", "localhost"))
        wakeups.publish("ingest", force=True)  # this process ends too soon for its publisher thread
