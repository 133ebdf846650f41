"""The settings around DNS: what is wrong is refused at start, by name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from postbox.config import env

SHOW = (
    "from postbox.config import settings as s; print(s.POSTBOX_DNS_SERVERS, s.POSTBOX_MX_HOST, s.POSTBOX_SPF_INCLUDE)"
)


def started(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SHOW], env={**os.environ, **variables}, capture_output=True, text=True, timeout=60
    )


def test_servers_and_hosts_are_read_at_start() -> None:
    said = started(
        POSTBOX_DNS_SERVERS="192.0.2.53:5353, [2001:db8::53]:53",
        POSTBOX_PUBLIC_URL="https://Postbox.example.org",
        POSTBOX_SPF_INCLUDE="_spf.relay.example",
    ).stdout
    assert "address='192.0.2.53', port=5353" in said
    assert "address='2001:db8::53', port=53" in said
    assert said.split()[-2:] == ["postbox.example.org", "_spf.relay.example"]


def test_wrong_servers_stop_the_start() -> None:
    run = started(POSTBOX_DNS_SERVERS="192.0.2.53:5353,dns.example:53")
    assert run.returncode != 0
    assert "POSTBOX_DNS_SERVERS: 'dns.example:53' does not begin with an IP address" in run.stderr


@pytest.mark.parametrize(
    ("value", "fallback", "name"),
    [
        ("MX.Example.org.", "", "mx.example.org"),
        ("", "postbox.example.org", "postbox.example.org"),
        ("", "127.0.0.1", ""),
        ("", "::1", ""),
        ("", "localhost", ""),
        ("mx.example.org", "postbox.example.org", "mx.example.org"),
    ],
)
def test_host_names(monkeypatch: pytest.MonkeyPatch, value: str, fallback: str, name: str) -> None:
    monkeypatch.setenv("POSTBOX_MX_HOST", value)
    assert env.host_name("POSTBOX_MX_HOST", fallback) == name


@pytest.mark.parametrize("value", ["localhost", "192.0.2.1", "mx example.org", "mx..example.org", "-a.example.org"])
def test_wrong_host_names_stop_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("POSTBOX_MX_HOST", value)
    with pytest.raises(ImproperlyConfigured, match="POSTBOX_MX_HOST"):
        env.host_name("POSTBOX_MX_HOST", "postbox.example.org")
