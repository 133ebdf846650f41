"""The real mail beside the repository, for the tests that measure on it; skips where it is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"


def mails(folder: str) -> list[Path]:
    """The mails of a folder of the corpora, in order."""
    found = sorted(path for path in (CORPORA / folder).glob("*") if not path.name.endswith((".json", ".jsonl")))
    if not found:
        pytest.skip(f"no corpora at ../shared/corpora/{folder}")
    return found
