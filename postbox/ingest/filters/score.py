"""`postbox score`: how much a text reads like an order to the software that reads it.

Decides how the score is shown. The work is postbox.screening.injection's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from postbox.ingest.filters.rows import piped, stream, text_of
from postbox.mail.parsed import Reason
from postbox.screening.injection import QUARANTINE_ABOVE, detect_prompt_injection, is_quarantined

TEXT_BYTES = 4 * 1024 * 1024  # beyond what is scored


def main(arguments: Sequence[str] | None = None) -> int:
    """Read stdin, write stdout."""
    parser = argparse.ArgumentParser(prog="postbox score", description="Text on stdin to its injection score.")
    parser.add_argument("--jsonl", action="store_true", help='rows {"text"} to {"score", "quarantined", "reasons"}')
    options = parser.parse_args(arguments)
    return piped(_rows if options.jsonl else _one)


def score_row(row: dict[str, Any]) -> dict[str, Any]:
    """One row of ``--jsonl``. Raises BadRow."""
    found = detect_prompt_injection(text_of(row, "text"))
    return {
        "score": found.score,
        "quarantined": is_quarantined(found.score),
        "reasons": [reason.words for reason in found.reasons],
    }


def shown(text: str) -> str:
    """The score of a text for a person."""
    found = detect_prompt_injection(text)
    word = "yes" if is_quarantined(found.score) else "no"
    lines = [f"score        {found.score:.4f}", f"quarantined  {word} (above {QUARANTINE_ABOVE})"]
    return "\n".join([*lines, *map(_line, found.reasons)])


def _line(reason: Reason) -> str:
    span = " ".join(reason.span.split())
    return f"  - {reason.words}" + (f": “{span}”" if span else "")


def _rows() -> int:
    stream(score_row, sys.stdin.buffer, sys.stdout.buffer)
    return 0


def _one() -> int:
    text = sys.stdin.buffer.read(TEXT_BYTES).decode("utf-8", "replace")
    sys.stdout.buffer.write(shown(text).encode("utf-8", "replace") + b"\n")
    return 0
