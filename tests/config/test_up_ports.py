"""The ports of the LMTP and the SMTP door under `postbox up`."""

from __future__ import annotations

import socket

import pytest

from postbox.config.up.command import LMTP_PORT, choose_lmtp_port, greets, is_free, smtp_endpoint
from postbox.config.up.services import services
from postbox.config.up.supervisor import Failed
from postbox.lib.listening import endpoint


def test_the_port_asked_for_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        monkeypatch.setenv("POSTBOX_LMTP_PORT", str(port))
        with pytest.raises(Failed, match=f"Port {port} .* POSTBOX_LMTP_PORT"):
            choose_lmtp_port(None)
    assert choose_lmtp_port(None) == port
    assert choose_lmtp_port(0) == port


def test_unset_it_is_8024_or_above_and_with_any_port_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTBOX_LMTP_PORT", raising=False)
    assert LMTP_PORT <= choose_lmtp_port(None) < LMTP_PORT + 100
    assert choose_lmtp_port(0) > 1024


@pytest.mark.parametrize("wrong", ["any", "-1", "8o24"])
def test_what_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("POSTBOX_LMTP_PORT", wrong)
    with pytest.raises(Failed, match="POSTBOX_LMTP_PORT"):
        choose_lmtp_port(None)


def test_an_smtp_door_is_there_where_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTBOX_SMTP_LISTEN", raising=False)
    assert smtp_endpoint() is None
    assert "smtp" not in [one.name for one in services({}, forked=False)]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        here = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("POSTBOX_SMTP_LISTEN", here)
        with pytest.raises(Failed, match=f"POSTBOX_SMTP_LISTEN: {here} is in use"):
            smtp_endpoint()
    assert smtp_endpoint() == ("127.0.0.1", int(here.partition(":")[2]))
    assert "smtp" in [one.name for one in services({"POSTBOX_SMTP_LISTEN": here}, forked=False)]


@pytest.mark.parametrize("wrong", ["25", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:25", "[::1:25", ":25"])
def test_what_is_nowhere_to_listen_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("POSTBOX_SMTP_LISTEN", wrong)
    with pytest.raises(Failed, match="POSTBOX_SMTP_LISTEN must be an address and a port"):
        smtp_endpoint()
    assert endpoint("[::1]:25") == ("::1", 25)


def test_greets_only_what_speaks_first() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert not greets(silent.getsockname()[1])
