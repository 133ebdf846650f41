"""The shared corpora beside the repository, for tests that measure; they skip where it is missing."""

from __future__ import annotations

import email
import json
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"


def folder(name: str) -> list[Path]:
    """The files of one folder of the corpora, in order."""
    found = sorted((CORPORA / name).glob("*")) if (CORPORA / name).is_dir() else []
    if not found:
        pytest.skip(f"the shared corpora are not here: {name} is missing beside the repository")
    return found


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of one JSON Lines file of the corpora."""
    path = CORPORA / name
    if not path.is_file():
        pytest.skip(f"the shared corpora are not here: {name} is missing beside the repository")
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def bodies(files: list[Path], kind: str) -> list[str]:
    """The first part of a content type of each mail that has one."""
    found = []
    for file in files:
        mail = email.message_from_bytes(file.read_bytes())
        part = next((part for part in mail.walk() if part.get_content_type() == kind and not part.is_multipart()), None)
        if part is not None:
            found.append(_decoded(part))
    return found


def _decoded(part: Message) -> str:
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes)
    try:
        return octets.decode(part.get_content_charset() or "latin-1", "replace")
    except LookupError:
        return octets.decode("latin-1")
