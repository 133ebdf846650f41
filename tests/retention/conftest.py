"""A bucket of the test's own and an agent. What needs the settings is imported by the fixtures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.people import Known


@pytest.fixture
def bucket(tmp_path: Path, settings: Any) -> Path:
    settings.STORAGES = settings.STORAGES | {
        "postbox-mime": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "mime")},
        }
    }
    (tmp_path / "mime").mkdir()
    return tmp_path / "mime"


@pytest.fixture
def robin(transactional_db: None, bucket: Path) -> Known:
    from tests.people import known_agent

    return known_agent()
