"""The corpora beside the repository as texts: attacks by source, honest mail by kind.

Decides which file belongs to which source and half; the half of a mail hangs on its name alone, so that it is the
same in every run. Nothing of the corpora is kept.
"""

from __future__ import annotations

import email
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from zlib import crc32

from postbox.bench.injection import written
from postbox.mail.parsed import Hidden
from postbox.screening.distil import distil_html

BESIDE = Path(__file__).resolve().parents[4] / "shared" / "corpora"
WRITTEN = "written"
"""The source of the attacks that come with Postbox itself."""
HONEST = {
    "honest mail": "ham/easy_ham_2",
    "newsletters": "ham/hard_ham",
    "mail of today": "modern",
    "templates": "html",
}


@dataclass(frozen=True, slots=True)
class HonestMail:
    """An honest mail: its kind, its half (0 or 1), subject and text as one, and what was hidden in it."""

    kind: str
    half: int
    text: str
    hidden: tuple[Hidden, ...] = ()


@dataclass(slots=True)
class Corpora:
    """``attacks`` are texts by source; ``questions`` are honest texts that are no mail, ``passages`` such of mails
    that are written here.
    """

    attacks: dict[str, list[str]] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    mails: list[HonestMail] = field(default_factory=list)
    passages: list[str] = field(default_factory=list)


def read(folder: Path) -> Corpora:
    """All corpora of a folder, and what is written here. Raises OSError where it lacks the attacks."""
    corpora = Corpora()
    for line in (folder / "injection" / "train.jsonl").read_text("utf-8").split("\n"):
        if line:
            row = json.loads(line)
            source = str(row["source"]).split("/")[0].removesuffix("-train")
            if row["label"]:
                corpora.attacks.setdefault(source, []).append(row["text"])
            else:
                corpora.questions.append(row["text"])
    corpora.attacks[WRITTEN] = written.attacks()
    corpora.passages = written.honest()
    for kind, name in HONEST.items():
        corpora.mails += [_honest(kind, file) for file in sorted((folder / name).glob("*")) if file.is_file()]
    return corpora


def _honest(kind: str, file: Path) -> HonestMail:
    half = crc32(file.name.encode()) % 2
    if file.suffix in (".html", ".txt"):
        text = file.read_text("utf-8")
        mail = distil_html(text) if file.suffix == ".html" else None
        return HonestMail(kind, half, mail.text, mail.hidden) if mail else HonestMail(kind, half, text)
    mail_read = email.message_from_bytes(file.read_bytes())
    subject = str(mail_read.get("subject", ""))
    found = dict(reversed(list(_texts(mail_read))))
    if html := found.get("text/html"):
        mail = distil_html(html)
        return HonestMail(kind, half, f"{subject}\n\n{mail.text}", mail.hidden)
    return HonestMail(kind, half, f"{subject}\n\n{found.get('text/plain', '')}")


def _texts(mail: Message) -> Iterator[tuple[str, str]]:
    for part in mail.walk():
        if part.get_content_type() in ("text/html", "text/plain") and not part.is_multipart():
            octets = part.get_payload(decode=True)
            if isinstance(octets, bytes):
                yield part.get_content_type(), _decoded(octets, part.get_content_charset() or "latin-1")


def _decoded(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset, "replace")
    except LookupError:
        return octets.decode("latin-1")
