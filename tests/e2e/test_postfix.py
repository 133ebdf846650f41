"""A real Postfix before the LMTP door and the SMTP door: mail arrives, unknown recipients bounce, an outage delays and
loses nothing.
"""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
from collections.abc import Iterator

import pytest

from postbox.config.up.embedded import free_port
from tests.config.processes import alive, descendants, wait_for
from tests.e2e.mta import DOMAIN, Postfix, missing, postfix
from tests.e2e.system import System, eventually, home_for_system
from tests.outbound.test_smtp import certificate
from tests.people import ANN, mail

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[System, Postfix]]:
    if reason := missing():
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    port, smtp = free_port(), free_port()
    with home_for_system() as home:
        certificate(home.path)
        tls = {
            "POSTBOX_SMTP_LISTEN": f"127.0.0.1:{smtp}",
            "POSTBOX_SMTP_REQUIRE_TLS": "on",
            "POSTBOX_LMTP_TLS_CERT": str(home.path / "ca.pem"),
            "POSTBOX_LMTP_TLS_KEY": str(home.path / "key.pem"),
        }
        system = System(home, POSTBOX_LMTP_PORT=str(port), **tls)
        try:
            with postfix(port, smtp) as mta:
                yield system, mta
        finally:
            system.stop()


def submit(mta: Postfix, raw: bytes, *recipients: str, sender: str = ANN) -> None:
    with smtplib.SMTP("127.0.0.1", mta.smtp, local_hostname="client.mercer-bikes.example", timeout=60) as client:
        assert client.sendmail(sender, recipients, raw, ["BODY=8BITMIME"]) == {}


def test_mail_by_smtp_reaches_the_agent_with_who_its_client_was(pair: tuple[System, Postfix]) -> None:
    system, mta = pair
    before = system.count()
    address = system.credentials["address"]
    long_line = "x" * 5000
    submit(mta, mail("By Postfix", f"Grüße\r\n.\r\n..\r\n{long_line}"), address, address.replace("@", "+tag@"))
    assert eventually(lambda: system.count("status <> 'received'") >= before + 2, 30), mta.log()
    rows = system.query(
        "SELECT rcpt_to, mail_from, host(client_ip), helo FROM messages WHERE client_ip IS NOT NULL ORDER BY rcpt_to"
    )
    known = (ANN, "127.0.0.1", "client.mercer-bikes.example")
    assert rows == [(address.replace("@", "+tag@"), *known), (address, *known)]
    status, listed = system.call("/list", {"quarantined": True})
    assert status == 200
    texts = [item["text"] for item in listed["messages"] if item["subject"] == "By Postfix"]
    assert len(texts) == 2
    assert all("Grüße\n.\n..\n" in text and text.count("x") >= 5000 for text in texts)
    assert eventually(lambda: not mta.queue(), 30)


def test_by_smtp_postfix_is_the_client_and_says_starttls(pair: tuple[System, Postfix]) -> None:
    system, mta = pair
    address, long_line = system.credentials["address"].replace("@", "+smtp@"), "x" * 5000
    submit(mta, mail("Relayed", f"Grüße\r\n.\r\n..\r\n{long_line}"), address, f"nobody+smtp@{DOMAIN}", sender="")
    assert eventually(lambda: system.count(f"rcpt_to = '{address}'"), 30), mta.log()
    ((client, helo, tls),) = system.query("SELECT host(client_ip), helo, tls FROM messages WHERE rcpt_to = %s", address)
    assert (client, helo) == ("127.0.0.1", "mx.postfix.example")
    assert tls.startswith("TLSv1.3 TLS_")
    assert "550 5.1.1 No agent here has this address" in mta.log()
    assert eventually(lambda: not mta.queue(), 30), mta.queue()


def test_a_recipient_nobody_knows_bounces_and_the_others_get_the_mail(pair: tuple[System, Postfix]) -> None:
    system, mta = pair
    before = system.count()
    # The bounce goes to an agent too, so that it can be seen.
    address = system.credentials["address"]
    submit(mta, mail("Half known"), f"nobody@{DOMAIN}", address, sender=address)
    assert eventually(lambda: system.count() >= before + 2, 30), mta.log()
    assert system.query("SELECT count(*) FROM messages WHERE mail_from = '' AND rcpt_to = %s", address) == [(1,)]
    assert "550 5.1.1 No agent here has this address" in mta.log()
    assert "status=bounced" in mta.log()
    assert eventually(lambda: not mta.queue(), 30)


def test_while_postbox_is_down_postfix_keeps_the_mail_and_delivers_it_later(pair: tuple[System, Postfix]) -> None:
    system, mta = pair
    address = system.credentials["address"]
    assert system.stop() < 15
    submit(mta, mail("Kept"), address)
    assert wait_for(lambda: "status=deferred" in mta.log(), 30), mta.log()
    waiting = [json.loads(line) for line in mta.queue().splitlines()]
    assert [one["recipients"][0]["address"] for one in waiting] == [address]
    published = json.loads((system.home.path / "environment.json").read_text())
    again = System(system.home, POSTBOX_LMTP_PORT=published["POSTBOX_LMTP_PORT"])
    try:
        assert eventually(lambda: not mta.queue(), 60), mta.log()
        assert eventually(lambda: "Kept" in subjects(again), 30), mta.log()
        assert subjects(again).count("Kept") == 1
    finally:
        again.stop()


def subjects(system: System) -> list[str]:
    status, listed = system.call("/list", {"quarantined": True})
    assert status == 200
    return [item["subject"] for item in listed["messages"]]


def test_nothing_of_it_is_left_running() -> None:
    if reason := missing():
        pytest.skip(reason)
    with postfix(free_port()) as mta:
        processes = {mta.master(), *descendants(mta.master())}
        assert len(processes) > 1
        folder = mta.folder
    assert wait_for(lambda: not any(alive(pid) for pid in processes))
    assert not folder.exists()
    done = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(folder) not in done.stdout
