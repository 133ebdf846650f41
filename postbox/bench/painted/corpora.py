"""The HTML bodies that distilling is measured on: those of the shared corpora beside the repository.

Decides which part of a mail is its HTML and how it is decoded. It never parses HTML.
"""

from __future__ import annotations

import email
from email.message import Message
from pathlib import Path

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "corpora"
FOLDERS = ("ham/hard_ham", "html", "modern")


def bodies(folder: str, sample: int = 0) -> list[str]:
    """The HTML bodies in a folder of the corpora, in order; evenly chosen ``sample`` of them, if that is not 0."""
    found = []
    for file in sorted((CORPORA / folder).glob("*")):
        if file.suffix == ".html":
            found.append(file.read_text("utf-8"))
        elif file.suffix == ".eml" and (body := _html(email.message_from_bytes(file.read_bytes()))):
            found.append(body)
    step = max(1, len(found) // sample) if sample else 1
    return found[::step][:sample] if sample else found


def _html(mail: Message) -> str:
    for part in mail.walk():
        if part.get_content_type() == "text/html" and not part.is_multipart():
            octets = part.get_payload(decode=True)
            if isinstance(octets, bytes):
                try:
                    return octets.decode(part.get_content_charset() or "latin-1", "replace")
                except LookupError:
                    return octets.decode("latin-1")
    return ""
