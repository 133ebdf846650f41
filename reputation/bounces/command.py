"""`postbox bounces`: what mails say about mail that was sent.

Decides how it is shown: a JSON row for each recipient, and one of kind ``none`` for a mail that reports nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from postbox.config.replay.sources import Found, NotMail, search
from postbox.ingest.filters.rows import piped
from reputation.bounces.bounce import Bounce, Kind
from reputation.bounces.read import read_bounces


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the mails, write the rows. Exit status 1 where a path held none."""
    parser = argparse.ArgumentParser(
        prog="postbox bounces",
        description="Bounces, complaints and automatic replies in mails, as JSON rows.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE", help="a mail, a folder of mails, or an mbox")
    options = parser.parse_args(arguments)
    return piped(lambda: _show(options.paths))


def _show(paths: Sequence[Path]) -> int:
    status = 0
    for found in search(paths):
        try:
            for row in _rows(found):
                sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        except (NotMail, OSError) as error:
            status = 1
            name = found[0] if isinstance(found, tuple) else found
            sys.stderr.write(f"postbox bounces: {name}: {error}\n")
    return status


def _rows(found: Found | tuple[Path, str]) -> Iterator[dict[str, object]]:
    if isinstance(found, tuple):
        raise NotMail(found[1])
    for bounce in read_bounces(found.read().raw) or [Bounce(Kind.NONE)]:
        yield {
            "file": str(found),
            "recipient": bounce.recipient,
            "kind": bounce.kind,
            "hard": bounce.hard,
            "status": bounce.status,
            "reason": bounce.reason,
        }
