"""`postbox distil`: what a reader would see of HTML or of a mail.

Decides what stands on stdin: a mail when it begins with header lines, else HTML. The work is done by
postbox.screening.distil.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from postbox.ingest.filters.rows import BadRow, piped, stream, text_of
from postbox.ingest.limits import MESSAGE_BYTES
from postbox.ingest.sniff import looks_like_mail, without_envelope_line
from postbox.mail.parsed import Distilled
from postbox.screening.distil import distil_html, distil_mail


def main(arguments: Sequence[str] | None = None) -> int:
    """Read stdin, write stdout. Exit status 1 for a mail that cannot be parsed, with the reason on stderr."""
    parser = argparse.ArgumentParser(
        prog="postbox distil", description="HTML or a mail on stdin to what a reader sees."
    )
    parser.add_argument(
        "--jsonl",
        action="store_true",
        help='rows {"html"} or {"eml"} (base64) to {"text", "hidden": [{"reason", "text"}]}',
    )
    options = parser.parse_args(arguments)
    return piped(_rows if options.jsonl else _one)


def distil_row(row: dict[str, Any]) -> dict[str, Any]:
    """One row of ``--jsonl``. Raises BadRow."""
    if "html" in row:
        shown = distil_html(text_of(row, "html"))
    elif "eml" in row:
        shown = _of_mail(_decoded(text_of(row, "eml")))
    else:
        raise BadRow('a row needs "html" or "eml"')
    return {"text": shown.text, "hidden": [asdict(item) for item in shown.hidden]}


def distil_octets(octets: bytes) -> Distilled:
    """A mail when it begins with header lines, else HTML. Raises BadRow when the mail cannot be parsed."""
    if looks_like_mail(octets):
        return _of_mail(octets)
    from postbox.ingest.charsets import decode_charset

    return distil_html(decode_charset(octets, "")[0])


def _of_mail(octets: bytes) -> Distilled:
    # Here and not above: flanker takes long to load, and HTML does not need it.
    from postbox.ingest.limits import LimitExceeded
    from postbox.ingest.mime import Unparsable, parse

    try:
        return distil_mail(parse(without_envelope_line(octets)))
    except (LimitExceeded, Unparsable) as error:
        raise BadRow(f"the mail cannot be parsed ({error.code}): {error.message}") from error


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRow('"eml" must be base64') from error


def _rows() -> int:
    stream(distil_row, sys.stdin.buffer, sys.stdout.buffer)
    return 0


def _one() -> int:
    try:
        shown = distil_octets(sys.stdin.buffer.read(MESSAGE_BYTES + 1))
    except BadRow as error:
        print(f"postbox distil: {error}", file=sys.stderr)  # noqa: T201
        return 1
    sys.stdout.buffer.write(shown.text.encode("utf-8", "replace") + b"\n")
    return 0
