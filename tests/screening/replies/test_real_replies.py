"""Real answers of a mailing list: what is quoted goes, what is new stays, and it costs little."""

from __future__ import annotations

import re
import time

from postbox.ingest.mime import parse
from postbox.mail.parsed import stretches
from postbox.screening.distil import distil_mail
from postbox.screening.replies.own import Kind, kind_of, own_places
from tests.screening.corpora import folder

_ENDS = re.compile(r"-- ?|- --|[_-]{20,}|-----BEGIN PGP.*|-----? ?Original Message ?-----?").fullmatch


def test_quoted_lines_go_and_new_ones_stay() -> None:
    kept = lost = left_out = leaked = 0
    for file in folder("ham/easy_ham_2"):
        parsed = parse(file.read_bytes())
        if parsed.html or kind_of(parsed) is not Kind.REPLY:
            continue
        text = distil_mail(parsed).text
        if not re.search(r"^>", text, re.M):
            continue
        own = set(stretches(text, own_places(text, Kind.REPLY)).split("\n"))
        new, old = _labelled(text.split("\n"))
        kept, lost = kept + len(new & own), lost + len(new - own)
        left_out, leaked = left_out + len(old - own), leaked + len(old & own - new)
    assert kept + lost > 5_000
    assert left_out + leaked > 8_000
    assert lost / (kept + lost) < 0.03
    assert leaked / (left_out + leaked) < 0.005


def _labelled(lines: list[str]) -> tuple[set[str], set[str]]:
    """New and quoted lines by their form alone: signatures, and what stands right before a quote, are neither."""
    new, old = set(), set()
    for at, line in enumerate(lines):
        if _ENDS(line.rstrip()):
            break
        if line.lstrip().startswith(">"):
            if not line.startswith(">From "):
                old.add(line)
        elif re.search(r"\w", line):
            following = [after for after in lines[at + 1 : at + 8] if after.strip()][:3]
            if not any(after.lstrip().startswith(">") for after in following) and not re.match(r"\s*\w{1,4}>", line):
                new.add(line)
    return new, old


def test_it_costs_little_beside_parsing() -> None:
    files = folder("ham/easy_ham_2")[:300]
    began = time.process_time()
    parsed = [parse(file.read_bytes()) for file in files]
    parsing = time.process_time() - began
    texts = [(mail, distil_mail(mail).text) for mail in parsed]
    began = time.process_time()
    for mail, text in texts:
        own_places(text, kind_of(mail), mail.html)
    assert time.process_time() - began < parsing
