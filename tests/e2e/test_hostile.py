"""Each hostile mail that was measured, posted to the running system: answered in a second, stored, quarantined."""

from __future__ import annotations

import sys
import time

import pytest

from tests.e2e.system import System, eventually
from tests.ingest.hostile import LIMITS, MEASURED
from tests.people import mail

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(120),
]


@pytest.mark.parametrize("case", sorted(MEASURED))
def test_it_is_answered_stored_and_quarantined(system: System, case: str) -> None:
    raw, _ = MEASURED[case]
    workers = system.pids("worker-ingest")
    began = time.monotonic()
    status, answer = system.ingest(raw)
    assert time.monotonic() - began < 1
    assert status == 202
    id_ = answer["messages"][0]["id"]
    assert eventually(lambda: system.count(f"id = '{id_}' AND status <> 'received'"), 10)
    assert system.query("SELECT status FROM messages WHERE id = %s", id_) == [("quarantined",)]
    assert system.query("SELECT count(*) FROM mail_spool WHERE message_id = %s", id_) == [(1,)] or system.query(
        "SELECT body_ref <> '' FROM messages WHERE id = %s", id_
    ) == [(True,)]
    assert system.pids("worker-ingest") == workers, "a worker died of it"


def test_only_its_size_can_refuse_a_mail(system: System) -> None:
    raw, _ = LIMITS["message"]
    status, answer = system.ingest(raw)
    assert status == 413
    assert answer["code"] == "mail_too_large"


def test_the_system_is_up_after_all_of_them(system: System) -> None:
    status, answer = system.ingest(mail())
    assert status == 202
    id_ = answer["messages"][0]["id"]
    assert eventually(lambda: system.count(f"id = '{id_}' AND status = 'processed'"), 10)
