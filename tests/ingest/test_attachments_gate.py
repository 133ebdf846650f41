"""Attachments through the whole pipeline: what the agent gets to see of a mail with a program, or without a scanner."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from postbox.events.models import Event
from postbox.ingest import work
from postbox.ingest.reexamine import rescore
from postbox.lib.clamd import Target, target
from postbox.mail.models import Message, Status, StepVerdict
from postbox.screening.models import Policy
from postbox.screening.steps import attachments
from tests import clamav
from tests.callers import call
from tests.people import Known, deliver, known_agent
from tests.screening.files.made import PE
from tests.screening.test_attachments_step import TEXT, File, mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def robin(settings: Any) -> Iterator[Known]:
    attachments._scanner.cache_clear()
    settings.POSTBOX_DEFAULT_AUTH = "monitor"
    yield known_agent()
    attachments._scanner.cache_clear()


def came(robin: Known, *files: File) -> Message:
    deliver(mail(*files), robin.address)
    while work.run():
        pass
    return Message.objects.latest("id")


def code(message: Message) -> str:
    return StepVerdict.objects.get(message=message, step="attachments").code


def test_a_program_is_refused_and_never_told_of(robin: Known) -> None:
    message = came(robin, ("bill.pdf", "application/pdf", PE))
    assert (message.status, code(message)) == (Status.REFUSED, "executable")
    assert not Event.objects.filter(message_id=message.id).exists()
    assert call("/list", {"quarantined": True}, robin.agent_key).body["count"] == 0


def test_a_policy_lets_an_address_have_them(robin: Known) -> None:
    Policy.objects.create(owner=robin.owner, checks={"attachments_executables": "flag"})
    message = came(robin, ("setup.exe", "application/x-msdownload", PE))
    assert (message.status, code(message)) == (Status.PROCESSED, "executable")


def test_held_while_the_scanner_is_away_and_let_go_by_scoring_again(robin: Known, settings: Any) -> None:
    if not clamav.installed():
        assert not os.environ.get("CI"), "the Debian package clamav-daemon is not installed"
        pytest.skip("the Debian package clamav-daemon is not installed")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refused
        settings.POSTBOX_CLAMD = Target("127.0.0.1", nobody.getsockname()[1])
        message = came(robin, TEXT)
    assert (message.status, code(message)) == (Status.QUARANTINED, "scanner_unavailable")
    listed = call("/list", {"quarantined": True}, robin.agent_key).body["messages"]
    assert "virus scanner gave no answer" in " ".join(listed[0]["reasons"])
    with clamav.running() as daemon:
        settings.POSTBOX_CLAMD = target(daemon.target)
        assert rescore([message.id]) == 1
    message.refresh_from_db()
    assert (message.status, code(message)) == (Status.PROCESSED, "clean")
