"""The mails of the outbound benchmark: the same for the floor and the system, no two alike.

Decides sizes and words. Each text is drawn anew from common words, so that no breaker takes two of them for the same,
and each goes to an address of its own.
"""

from __future__ import annotations

import json
import random

from postbox.bench.mix import WORDS

SENDER = "bench@agents.localhost"
LENGTHS = (120, 420)


def text(number: int) -> str:
    """One to three kilobytes of words, in lines."""
    dice = random.Random(number)  # noqa: S311 (no secret; the same mails in every run)
    words = dice.choices(WORDS, k=dice.randint(*LENGTHS))
    return "\n".join(" ".join(words[start : start + 12]) for start in range(0, len(words), 12)) + "\n"


def address(number: int) -> str:
    return f"reader{number}@example.net"


def request(number: int) -> bytes:
    """The body of a ``POST /send``."""
    return json.dumps({"to": address(number), "subject": f"Letter {number}", "text": text(number)}).encode()


def octets(number: int) -> bytes:
    """The mail as the floor hands it over: what a program without a library would write."""
    return (
        f"From: {SENDER}\r\nTo: {address(number)}\r\nSubject: Letter {number}\r\n"
        f"Date: Fri, 20 Nov 2026 09:00:00 +0000\r\nMessage-ID: <floor-{number}@agents.localhost>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text(number).replace("\n", "\r\n")
    ).encode()
