"""The file of weights: how it is written and read.

Decides the format: a line of JSON, then two zlib streams: the places and values of the table that are not zero, and
the first look's words. Values are whole numbers of ``step``; in the table they stand with 128 added, so that it is
plain octets. Nothing in the file is code.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from postbox.screening.model.features import BITS

FILE: Final = Path(__file__).with_name("weights.bin")
FORMAT: Final = 2
ZERO: Final = 128


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained model.

    ``table`` has a value for each place of ``features``; ``first`` a value for each sign of the first look
    (``look.glance``), the commonest first, so that what is looked up most lies close together in memory, and only
    sentences that reach ``first_least`` with it are looked at fully. A sentence's sum is in log-odds after ``step``
    and ``bias``; ``threshold`` is the sum at which a text by itself reaches a score of 0.8, and ``slope`` how steeply
    log-odds rise with the sum.
    """

    table: bytes
    first: dict[str, int]
    first_least: int
    step: float
    bias: float
    threshold: float
    slope: float


def packed(weights: Weights) -> bytes:
    """The weights as the octets of a file."""
    places = [place for place, value in enumerate(weights.table) if value != ZERO]
    gaps = [place - before for before, place in zip([0, *places], places, strict=False)]
    table = struct.pack(f"<{len(gaps)}I", *gaps) + bytes(weights.table[place] for place in places)
    words = "\n".join(f"{word}\t{value}" for word, value in weights.first.items()).encode()
    streams = [zlib.compress(table, 9), zlib.compress(words, 9)]
    head = {name: getattr(weights, name) for name in ("first_least", "step", "bias", "threshold", "slope")}
    head |= {"format": FORMAT, "bits": BITS, "entries": len(places), "streams": [len(stream) for stream in streams]}
    return json.dumps(head, sort_keys=True).encode() + b"\n" + b"".join(streams)


def unpacked(octets: bytes) -> Weights:
    """The weights of a file's octets. Raises ValueError for a file of another format."""
    line, _, rest = octets.partition(b"\n")
    head = json.loads(line)
    if head.get("format") != FORMAT or head.get("bits") != BITS:
        raise ValueError("weights of another format; make them anew with `postbox train-injection`")
    split, count = head["streams"][0], head["entries"]
    stored = zlib.decompress(rest[:split])
    table, place = bytearray([ZERO]) * (1 << BITS), 0
    for gap, value in zip(struct.unpack(f"<{count}I", stored[: 4 * count]), stored[4 * count :], strict=True):
        place += gap
        table[place] = value
    pairs = (line.split("\t") for line in zlib.decompress(rest[split:]).decode().split("\n"))
    numbers: dict[str, int] = {}  # each once
    first = {word: numbers.setdefault(value, int(value)) for word, value in pairs}
    return Weights(
        table=bytes(table),
        first=first,
        first_least=head["first_least"],
        step=head["step"],
        bias=head["bias"],
        threshold=head["threshold"],
        slope=head["slope"],
    )


@cache
def shipped() -> Weights:
    """The weights that come with Postbox, read once for the process and all that it forks."""
    return unpacked(FILE.read_bytes())
