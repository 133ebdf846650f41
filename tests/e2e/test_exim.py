"""A real Exim before the LMTP door, set up by the recipe in the documentation."""

from __future__ import annotations

import json
import os
import smtplib
from collections.abc import Iterator

import pytest

from postbox.config.up.embedded import free_port
from tests.config.processes import fresh_home, wait_for
from tests.e2e.exim import DOMAIN, Exim, exim, found
from tests.e2e.system import System, eventually
from tests.people import ANN, mail

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not found(), reason="no exim4 here, and EXIM names none"),
    pytest.mark.skipif(os.geteuid() != 0, reason="exim starts as root only"),
]


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[System, Exim]]:
    port = free_port()
    with fresh_home() as home:
        system = System(home, POSTBOX_LMTP_PORT=str(port))
        try:
            with exim(port) as mta:
                yield system, mta
        finally:
            system.stop()


def submit(mta: Exim, raw: bytes, *recipients: str) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", mta.smtp, local_hostname="client.mercer-bikes.example", timeout=60) as client:
        return client.sendmail(ANN, recipients, raw)


def test_mail_by_smtp_reaches_the_agent_and_who_is_unknown_is_refused_at_the_door(pair: tuple[System, Exim]) -> None:
    system, mta = pair
    address = system.credentials["address"]
    before = system.count()
    unknown = f"nobody@{DOMAIN}"
    refused = submit(mta, mail("By Exim", f"Grüße\r\n.\r\n..\r\n{'x' * 5000}"), address, unknown)
    assert {to: code for to, (code, _) in refused.items()} == {unknown: 550}
    assert eventually(lambda: system.count("status <> 'received'") > before, 30), mta.log()
    status, listed = system.call("/list", {"quarantined": True})
    assert status == 200
    (text,) = [item["text"] for item in listed["messages"] if item["subject"] == "By Exim"]
    assert "Grüße\n.\n..\n" in text
    assert text.count("x") >= 5000
    assert system.query("SELECT mail_from FROM messages WHERE rcpt_to = %s ORDER BY id DESC LIMIT 1", address) == [
        (ANN,)
    ]
    assert "250 2.1.5 Stored as" in mta.log()
    assert eventually(lambda: not mta.queue(), 30)


def test_an_address_that_is_made_after_it_was_refused_is_taken(pair: tuple[System, Exim]) -> None:
    system, mta = pair
    later = f"later@{DOMAIN}"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        submit(mta, mail("Too early"), later)
    body = {"agent_id": "later", "local_part": "later"}
    assert system.call("/alloc", body, key="owner_key")[0] == 201
    before = system.count()
    assert eventually(lambda: submit(mta, mail("In time"), later) == {}, 30)
    assert eventually(lambda: system.count() > before, 30), mta.log()


def test_while_postbox_is_down_exim_keeps_the_mail_and_delivers_it_later(pair: tuple[System, Exim]) -> None:
    system, mta = pair
    address = system.credentials["address"]
    published = json.loads((system.home.path / "environment.json").read_text())
    assert system.stop() < 15
    assert submit(mta, mail("Kept"), address) == {}
    assert wait_for(lambda: address in mta.queue()), mta.log()
    again = System(system.home, POSTBOX_LMTP_PORT=published["POSTBOX_LMTP_PORT"])
    try:
        assert eventually(lambda: not mta.queue(), 60), mta.log()
        assert eventually(lambda: subjects(again).count("Kept") == 1, 30), mta.log()
    finally:
        again.stop()


def subjects(system: System) -> list[str]:
    status, listed = system.call("/list", {"quarantined": True})
    assert status == 200
    return [item["subject"] for item in listed["messages"]]
