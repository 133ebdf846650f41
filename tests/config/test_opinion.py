"""The settings of the second opinion: off unless named, and refused where they would leak mail."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from postbox.config import opinion

NAME = "POSTBOX_SECOND_OPINION"


def _set(monkeypatch: pytest.MonkeyPatch, target: str, **others: str) -> None:
    monkeypatch.setenv(NAME, target)
    for name, value in others.items():
        monkeypatch.setenv(f"{NAME}_{name}", value)


def test_it_is_off_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    assert opinion.asking() is None


def test_what_may_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, "https://guard.example/judge", LOW="0.4", HIGH="0.7", SECONDS="1.5", TOKEN="secret")
    found = opinion.asking()
    assert found is not None
    assert (found.low, found.high, found.seconds, found.token) == (0.4, 0.7, 1.5, "secret")
    assert "secret" not in repr(found)
    _set(monkeypatch, "http://127.0.0.1:9000/", ALLOW_LOOPBACK="on")
    assert opinion.asking() is not None
    _set(monkeypatch, "postbox.lib.about.message")
    assert opinion.asking() is not None


@pytest.mark.parametrize(
    ("target", "others"),
    [
        ("http://guard.example/", {}),
        ("http://127.0.0.1:9000/", {}),
        ("https://localhost/", {}),
        ("https://user:password@guard.example/", {}),
        ("ftp://guard.example/", {}),
        ("https://", {}),
        ("justaname", {}),
        ("no_such_package_here.module.function", {}),
        ("os; import x", {}),
        ("https://guard.example/", {"LOW": "0.7", "HIGH": "0.6"}),
        ("https://guard.example/", {"HIGH": "0.9"}),
        ("https://guard.example/", {"LOW": "nan"}),
        ("https://guard.example/", {"LOW": "low"}),
        ("https://guard.example/", {"SECONDS": "60"}),
        ("https://guard.example/", {"TOKEN": "a\r\nHost: x"}),
    ],
)
def test_what_is_unsafe_is_refused(monkeypatch: pytest.MonkeyPatch, target: str, others: dict[str, str]) -> None:
    _set(monkeypatch, target, **others)
    with pytest.raises(ImproperlyConfigured, match=NAME):
        opinion.asking()
