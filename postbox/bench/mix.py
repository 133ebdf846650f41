"""The mails of a benchmark: real ones where the corpus lies beside the repository, else a mix of our own.

Decides which mails are sent and in which order, the same in every run. Each gets a header field of its own, so that
no two are the same bytes; the rest stays as it is.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "ham" / "easy_ham_2"
GENERATED = "generated"
# Mails from this number on warm a system up: of the same senders as all, and with other words.
WARM_FROM = 400_000_000
_LETTERS = bytes(range(ord("a"), ord("z") + 1))
_OTHER_LETTERS = bytes.maketrans(_LETTERS, _LETTERS[13:] + _LETTERS[:13])
_GENERATED_MAILS = 400
_SEED = 2002
_TEXT = """
    the meeting report about our release was moved to next week because several people asked for more time and nobody
    minded please read the draft before then and send me what you would change in it thank you again server kernel
    patch list mail archive update version problem install package build network users question price order invoice
    ship address customer account number total delivery offer week month
"""
WORDS = _TEXT.split()


@dataclass(frozen=True, slots=True)
class Mix:
    """Mails to draw from; ``name`` says where they come from."""

    name: str
    mails: tuple[bytes, ...]

    def mail(self, number: int) -> bytes:
        """The mail of this number, unlike that of any other number."""
        mail = self.mails[number % len(self.mails)]
        end = b"\r\n" if b"\r\n" in mail[:1000] else b"\n"
        if number >= WARM_FROM:
            head, blank, body = mail.partition(end + end)
            mail = head + blank + body.translate(_OTHER_LETTERS)
        return b"X-Bench: %d%b%b" % (number, end, mail)

    @property
    def mean_size(self) -> int:
        """Octets a mail."""
        return sum(map(len, self.mails)) // len(self.mails)


def load(corpus: Path = CORPUS) -> Mix:
    """The corpus where there is one, else the generated mix."""
    files = sorted(corpus.glob("*.eml")) if corpus.is_dir() else []
    if files:
        return Mix(corpus.name, tuple(without_envelope_line(file.read_bytes()) for file in files))
    return generated()


def without_envelope_line(mail: bytes) -> bytes:
    """The mail without an mbox's ``From `` line, which is no part of it (RFC 4155)."""
    return mail.partition(b"\n")[2] if mail.startswith(b"From ") else mail


def generated(count: int = _GENERATED_MAILS) -> Mix:
    """Mails like those of a busy mailbox: mostly plain text of a few kilobytes, some HTML, a few attachments."""
    dice = random.Random(_SEED)  # noqa: S311 (no secret; the same mails in every run)
    return Mix(GENERATED, tuple(_generate(dice, number) for number in range(count)))


def _generate(dice: random.Random, number: int) -> bytes:
    mail = EmailMessage()
    mail["Received"] = f"from relay.example.net by mx.example.org with ESMTP id {number:08x}"
    mail["From"] = f"Sender {number % 97} <sender{number % 97}@example.net>"
    mail["To"] = "agent@example.org"
    mail["Subject"] = _sentence(dice, 6)
    mail["Date"] = format_datetime(datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number))
    mail["Message-ID"] = f"<{number}.bench@example.net>"
    paragraphs = [_sentence(dice, dice.randint(20, 90)) for _ in range(dice.randint(2, 9))]
    mail.set_content("\n\n".join(paragraphs))
    if dice.random() < 0.25:
        mail.add_alternative(_page(dice, paragraphs), subtype="html")
    if dice.random() < 0.05:
        mail.add_attachment(dice.randbytes(2000), maintype="application", subtype="pdf", filename="report.pdf")
    for depth, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"bench-{number}-{depth}")  # by itself it would be random
    return mail.as_bytes()


def _sentence(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(WORDS, k=words)).capitalize()


def _page(dice: random.Random, paragraphs: list[str]) -> str:
    cells = "".join(
        f'<tr><td class="cell" style="padding:8px;color:#{dice.randrange(0x888888):06x}">{text}'
        f'<br><a href="https://example.net/{number}">read on</a></td></tr>'
        for number, text in enumerate(paragraphs)
    )
    style = "<style>.cell{font-family:Arial,sans-serif;font-size:14px}.preheader{display:none}</style>"
    hidden = f'<div class="preheader">{_sentence(dice, 8)}</div>'
    return f"<html><head>{style}</head><body>{hidden}<table width=600>{cells}</table></body></html>"
