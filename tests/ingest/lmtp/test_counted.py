"""What the LMTP door refuses is counted as at the other doors, and not lost when it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.db import connection

from postbox.config.up.command import greets
from postbox.config.up.embedded import free_port
from postbox.identity import recipients
from postbox.ingest import door as doors
from postbox.metrics import writer
from postbox.metrics.counts import HELD
from postbox.metrics.models import Sample
from tests.config.processes import wait_for
from tests.ingest.lmtp.door import Running, Talk, running
from tests.outage import shut
from tests.people import known_agent, mail
from tests.stalls import thrice

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door() -> Iterator[Running]:
    writer.end()
    HELD.take()
    Sample.objects.all().delete()
    with running() as made:
        yield made
    writer.end()


def refused() -> dict[str, float]:
    """Counts by reason, of this process and of all that have written theirs."""
    writer.write()
    rows = Sample.objects.filter(name="postbox_mails_refused").values_list("labels", "value")
    return {labels.strip('[]"'): value for labels, value in rows}


def test_refusals_are_counted_by_the_words_that_the_other_doors_use(door: Running) -> None:
    robin = known_agent()
    talk = door.talk()
    assert talk("MAIL FROM:<no address>").startswith("501")
    assert talk("MAIL FROM:<>").startswith("250")
    assert talk("RCPT TO:<nobody@agents.localhost>").startswith("550 5.1.1")
    assert talk("RSET").startswith("250")
    assert talk.mail(mail() + b"a\nb\r\n", robin.address)[0].startswith("550 5.6.0")
    assert refused() == {"syntax": 1.0, "unknown_recipient": 1.0, "bare_break": 1.0}


def test_a_database_that_is_away_is_counted_once_it_is_back(door: Running) -> None:
    robin = known_agent()
    talk = door.talk()
    talk.open_mail(robin.address)
    with shut():
        recipients.forget()
        talk.send(mail() + b".\r\n")
        assert talk.reply().startswith("451 4.3.0")
    assert refused() == {"storage_unavailable": 1.0}


def test_recipients_beyond_what_fits_in_one_transaction_come_again(
    door: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    robin, wren = known_agent(), known_agent("wren")
    raw = mail()
    monkeypatch.setattr(doors, "COPIES_BYTES", len(raw))
    replies = door.talk().mail(raw, robin.address, wren.address)
    assert [reply[:9] for reply in replies] == ["250 2.1.5", "452 4.5.3"]
    assert refused() == {"too_many_copies": 1.0}


@thrice
def test_what_was_counted_last_is_written_when_the_door_stops() -> None:
    Sample.objects.all().delete()
    known = connection.settings_dict
    port = free_port()
    where = f"{known['HOST']}:{known['PORT']}/{known['NAME']}"
    environment = os.environ | {
        "POSTBOX_LMTP_PORT": str(port),
        "DATABASE_URL": f"postgresql://{known['USER']}:{known['PASSWORD']}@{where}",
    }
    process = subprocess.Popen([sys.executable, "-m", "postbox.config.up.run", "lmtp"], env=environment)
    try:
        assert wait_for(lambda: greets(port), 30)
        talk = Talk(port)
        talk("MAIL FROM:<>")
        assert talk("RCPT TO:<nobody@agents.localhost>").startswith("550 5.1.1")
        assert not Sample.objects.exists()  # its turn to write comes after five seconds
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        talk.close()
    finally:
        process.kill()
        process.wait()
    assert Sample.objects.get(name="postbox_mails_refused", labels='["unknown_recipient"]').value == 1.0
