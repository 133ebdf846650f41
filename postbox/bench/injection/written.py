"""Attacks and honest passages that were written one by one, for what no grammar says.

Decides how they are stored: a line each, the language, a tab, the text, with ``\\n`` for a line's end. None of them
comes from a corpus.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "written"


def attacks() -> list[str]:
    """Injections as red teams write them, in nine languages."""
    return _read("attacks")


def honest() -> list[str]:
    """Passages of honest mail that look a little like them."""
    return _read("honest")


def _read(name: str) -> list[str]:
    lines = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return [line.partition("\t")[2].replace("\\n", "\n") for line in lines if line.strip()]
