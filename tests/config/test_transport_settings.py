"""What the settings make of the public address, of TLS at the mail doors, and of where to listen."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from postbox.config import env

SHOW = (
    "from postbox.config import settings as s; "
    "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0, bool(s.SECURE_PROXY_SSL_HEADER))"
)


def started(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SHOW], env={**os.environ, **variables}, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8000", "False False False False"),
        ("https://mail.example.org", "True True True True"),
        ("http://mail.example.org", "True True True False"),
    ],
)
def test_cookies_are_secure_and_hsts_is_on_when_not_on_loopback(url: str, shown: str) -> None:
    assert started(POSTBOX_PUBLIC_URL=url).stdout.strip() == shown


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("a.localhost", True),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("192.0.2.1", False),
    ],
)
def test_what_is_loopback(host: str, is_here: bool) -> None:
    assert env.is_loopback(host) is is_here


def test_tls_at_the_door_needs_both_files_before_it_can_be_required() -> None:
    half = started(POSTBOX_LMTP_TLS_CERT="/etc/cert.pem")
    assert half.returncode != 0
    assert "are set together or not at all" in half.stderr
    for name in ("POSTBOX_LMTP_REQUIRE_TLS", "POSTBOX_SMTP_REQUIRE_TLS"):
        none = started(**{name: "on"})
        assert none.returncode != 0
        assert f"{name} needs" in none.stderr
    both = {"POSTBOX_LMTP_TLS_CERT": "/etc/cert.pem", "POSTBOX_LMTP_TLS_KEY": "/etc/key.pem"}
    assert started(POSTBOX_LMTP_REQUIRE_TLS="on", POSTBOX_SMTP_REQUIRE_TLS="on", **both).returncode == 0


def test_an_smtp_door_needs_an_address_and_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.endpoint("POSTBOX_SMTP_LISTEN") is None
    monkeypatch.setenv("POSTBOX_SMTP_LISTEN", "[::]:25")
    assert env.endpoint("POSTBOX_SMTP_LISTEN") == ("::", 25)
    monkeypatch.setenv("POSTBOX_SMTP_LISTEN", "25")
    with pytest.raises(ImproperlyConfigured, match="POSTBOX_SMTP_LISTEN must be an address and a port"):
        env.endpoint("POSTBOX_SMTP_LISTEN")
