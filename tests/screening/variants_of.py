"""The variants of hiding and of looking hidden, one a line in ``variants/``, a file a family.

``@`` stands for the sentence, unless an at-rule's name follows; ``\\n``, ``\\t`` and ``\\\\`` are escapes. What a
browser paints of each is in ``painted.json``: how many of the sentence's words.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from tests.screening.hiding_tricks import SECRET

_FOLDER = Path(__file__).resolve().parent / "variants"
_RECORD = _FOLDER / "painted.json"
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}
_PLACE = re.compile(
    r"@(?!(?:media|supports|layer|import|charset|namespace|font-face|page|container|scope|starting-style|property"
    r"|keyframes|unknown)\b)",
    re.I,
)
BEYOND = frozenset(
    line for line in (_FOLDER / "beyond.txt").read_text("utf-8").splitlines() if line and not line.startswith("#")
)
"""Variants that the limits in docs/distil.md name; they are not asked for."""


def variants() -> list[tuple[str, str]]:
    """Family and HTML of each variant."""
    found = []
    for file in sorted(_FOLDER.glob("*.txt")):
        if file.stem != "beyond":
            lines = [line for line in file.read_text("utf-8").splitlines() if line not in BEYOND]
            found += [(re.sub(r"_\d+$", "", file.stem), _html(line)) for line in lines]
    return found


def _html(line: str) -> str:
    text = re.sub(r"\\[nt\\]", lambda match: _ESCAPES[match[0]], line)
    return _PLACE.sub(SECRET, text)


def shown_words(text: str) -> int:
    """How many words of the sentence stand in a text."""
    words = re.findall(r"\w+", text.lower())
    return sum(word in words for word in SECRET.split())


def key_of(html: str) -> str:
    """The name of a variant in the record."""
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def recorded() -> dict[str, int]:
    """How many words of the sentence Chromium paints of each variant."""
    found: dict[str, int] = json.loads(_RECORD.read_text("utf-8"))
    return found


def record(painted: dict[str, int]) -> None:
    """Writes the record anew."""
    _RECORD.write_text(json.dumps(dict(sorted(painted.items())), indent=0) + "\n", "utf-8")
