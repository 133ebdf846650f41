"""Which variables make which storage, and that what is missing is said with its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from postbox.config.storages import FOLDER, S3, mime_storage

HOME = Path("/home/of/postbox")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORAGE", "LOCATION", "BUCKET", "ENDPOINT", "REGION", "ACCESS_KEY", "SECRET_KEY", "OPTIONS"):
        monkeypatch.delenv(f"POSTBOX_MIME_{name}", raising=False)


def test_a_folder_under_home_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    found = mime_storage(HOME)
    assert (found["BACKEND"], found["OPTIONS"]["location"]) == (FOLDER, str(HOME / "mime"))
    monkeypatch.setenv("POSTBOX_MIME_LOCATION", "/srv/mime")
    assert mime_storage(HOME)["OPTIONS"]["location"] == "/srv/mime"


def test_s3_takes_its_own_options_and_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POSTBOX_MIME_STORAGE", S3)
    with pytest.raises(ImproperlyConfigured, match="POSTBOX_MIME_BUCKET"):
        mime_storage(HOME)
    monkeypatch.setenv("POSTBOX_MIME_BUCKET", "mails")
    key = tmp_path / "key"
    key.write_text("s3cret\n")
    monkeypatch.setenv("POSTBOX_MIME_SECRET_KEY_FILE", str(key))
    options = mime_storage(HOME)["OPTIONS"]
    assert (options["bucket_name"], options["secret_key"], options["access_key"]) == ("mails", "s3cret", None)
    assert options["location"] == ""
    assert "file_permissions_mode" not in options
    assert options["client_config"].connect_timeout == 5


def test_another_class_takes_its_options_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTBOX_MIME_STORAGE", "some.Storage")
    assert mime_storage(HOME) == {"BACKEND": "some.Storage", "OPTIONS": {}}
    monkeypatch.setenv("POSTBOX_MIME_OPTIONS", '{"a": 1}')
    assert mime_storage(HOME)["OPTIONS"] == {"a": 1}
    for wrong in ("{", "[1]"):
        monkeypatch.setenv("POSTBOX_MIME_OPTIONS", wrong)
        with pytest.raises(ImproperlyConfigured, match="POSTBOX_MIME_OPTIONS"):
            mime_storage(HOME)
