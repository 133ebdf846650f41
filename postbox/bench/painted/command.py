"""`postbox bench-distil`: distilling and its peers against what headless Chromium paints, as a table.

Decides what is run and where the table stands: on stdout, and in docs/distil.md between its marks with ``--write``.
Needs the development dependencies, chromium and the shared corpora.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from postbox.bench.painted.browser import Painter, TooTall, executable, painting
from postbox.bench.painted.compare import Tally, painted_words, plain_words
from postbox.bench.painted.corpora import CORPORA, FOLDERS, bodies
from postbox.screening.distil import distil_html

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "distil.md"
_BEGIN, _END = "<!-- table: begin -->", "<!-- table: end -->"
Reader = Callable[[str], str]
Table = dict[str, dict[str, Tally]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison. Exit status 1 where something it needs is missing."""
    parser = argparse.ArgumentParser(prog="postbox bench-distil", description="Distilling against Chromium.")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="mails of each corpus (default: all)")
    parser.add_argument("--write", action="store_true", help=f"put the table into {DOCUMENT.name}")
    options = parser.parse_args(arguments)
    if not executable() or not CORPORA.is_dir():
        print("postbox bench-distil: chromium or the corpora are missing", file=sys.stderr)  # noqa: T201
        return 1
    with painting() as painter:
        table = measure(painter, options.sample, readers())
    text = rendered(table)
    print(text)  # noqa: T201
    if options.write:
        write(text)
    return 0


def readers() -> dict[str, Reader]:
    """Postbox and its peers, each from HTML to text."""
    from bs4 import BeautifulSoup
    from inscriptis import get_text  # type: ignore[import-untyped]

    return {
        "Postbox": lambda html: distil_html(html).text,
        "BeautifulSoup `get_text`": lambda html: BeautifulSoup(html, "lxml").get_text(" "),
        "inscriptis": get_text,
    }


def measure(painter: Painter, sample: int, reading: dict[str, Reader], folders: Sequence[str] = FOLDERS) -> Table:
    """Every reader over every corpus; pages too tall for a picture are left out."""
    table: Table = {}
    for folder in folders:
        rows = table[folder] = {name: Tally() for name in reading}
        for html in bodies(folder, sample):
            try:
                painted = painted_words(painter.words(html))
            except TooTall:
                continue
            for name, reader in reading.items():
                began = time.process_time()
                given = reader(html)
                rows[name].add(painted, plain_words(given), (time.process_time() - began) * 1000)
    return table


def rendered(table: Table) -> str:
    """The table as Markdown."""
    lines = [
        "| corpus | mails | reader | word recall | word precision | order kept | ms, median |",
        "|---|---|---|---|---|---|---|",
    ]
    for folder, rows in table.items():
        for name, tally in rows.items():
            lines.append(
                f"| `{folder}` | {tally.mails} | {name} | {tally.recall:.4f} | {tally.precision:.4f} "
                f"| {tally.order:.3f} | {tally.median_ms:.1f} |"
            )
    return "\n".join(lines)


def write(table: str, document: Path = DOCUMENT) -> None:
    """Puts a table between the marks of a document."""
    text = document.read_text("utf-8")
    pattern = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.S)
    document.write_text(pattern.sub(lambda _: f"{_BEGIN}\n{table}\n{_END}", text, count=1), "utf-8")
