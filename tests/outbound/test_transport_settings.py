"""POSTBOX_TRANSPORT and what goes with it: refused at start, by name, and without the password."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from outbound.transports import check

PASSWORD = "correct-horse"


@pytest.mark.parametrize(
    "transport",
    [
        "poll",
        "mailbox",
        "smtp://127.0.0.1:1025?tls=off",
        f"smtp://robin:{PASSWORD}@relay.example",
        f"smtps://robin:{PASSWORD}%2F%23@relay.example:465/?helo=mx.example.org",
    ],
)
def test_what_names_a_way_out(transport: str, settings: Settings) -> None:
    settings.POSTBOX_TRANSPORT = transport
    check()


@pytest.mark.parametrize(
    ("transport", "why"),
    [
        ("", "it must be poll"),
        ("Poll", "it must be poll"),
        ("smtpx://relay.example", "it must be poll"),
        (f"robin:{PASSWORD}@relay.example", "it must be poll"),
        ("smtp://:587", "it must be smtp://host:port"),
        (f"smtp://robin:{PASSWORD}/x@relay.example", "%2F"),
        (f"smtp://robin:{PASSWORD}#x@relay.example", "%23"),
        (f"smtp://robin:{PASSWORD}?x@relay.example", "%3F"),
        ("smtp://relay.example:smtp", "the port as a number"),
        ("smtp://relay.example?tls=maybe", "its options are"),
        ("smtp://relay.example?retry=1", "its options are"),
        (f"smtp://robin:{PASSWORD}@relay.example?tls=off", "without TLS"),
        ("smtps://relay.example?ca=/nowhere/ca.pem", "ca= cannot be read"),
        ("anymail:nope", "anymail:nope"),
        ("anymail:test", "no provider"),
        ("anymail:postmark", "POSTMARK_SERVER_TOKEN"),
    ],
)
def test_what_is_refused(transport: str, why: str, settings: Settings) -> None:
    settings.POSTBOX_TRANSPORT, settings.ANYMAIL = transport, {}
    with pytest.raises(ImproperlyConfigured, match=rf"POSTBOX_TRANSPORT: .*{why}") as refused:
        check()
    assert PASSWORD not in str(refused.value)


def test_a_provider_with_its_keys(settings: Settings) -> None:
    settings.POSTBOX_TRANSPORT, settings.ANYMAIL = "anymail:postmark", {"POSTMARK_SERVER_TOKEN": "x"}
    check()


def test_no_process_starts() -> None:
    started = subprocess.run(
        [sys.executable, "-m", "postbox", "check"],
        env=os.environ | {"POSTBOX_TRANSPORT": f"smtp://robin:{PASSWORD}/x@relay.example"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert started.returncode == 1
    last = started.stderr.strip().splitlines()[-1]
    assert last.startswith("postbox: POSTBOX_TRANSPORT: ")
    assert PASSWORD not in started.stderr
