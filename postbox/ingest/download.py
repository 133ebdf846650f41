"""How a file that a stranger sent is answered over HTTP, so that no browser ever runs it.

Decides the headers of such an answer: its type (from a short list of types that hold no program, else
``application/octet-stream``), its name (RFC 6266, RFC 8187), and that nothing renders, guesses or keeps it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

from django.http import StreamingHttpResponse

from postbox.ingest.names import clean_name

OPAQUE = "application/octet-stream"
PORTION = 64 * 1024
# What no browser takes for a document with scripts. Neither HTML, XHTML, XML, SVG, scripts, MHTML nor enclosed mails.
INERT = frozenset(
    {
        "application/gzip",
        "application/json",
        "application/msword",
        "application/pdf",
        "application/rtf",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/zip",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/heic",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
        "text/calendar",
        "text/csv",
        "text/plain",
        "text/vcard",
        "video/mp4",
        "video/mpeg",
        "video/quicktime",
        "video/webm",
    }
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
    "Accept-Ranges": "none",
}
# Neither quotes, backslash nor percent: programs disagree about what these mean in a quoted file name.
_UNSAFE = re.compile(r"[^A-Za-z0-9 ._()+,=@-]")
# The characters of RFC 8187, section 3.2.1, that are not letters or digits.
_ATTRIBUTE = "!#$&+-.^_`|~"


def response(name: str, content_type: str, octets: bytes) -> StreamingHttpResponse:
    """The octets as a download, a portion at a time."""
    headers = {**_HEADERS, "Content-Length": str(len(octets)), "Content-Disposition": disposition(name)}
    return StreamingHttpResponse(_portions(octets), content_type=safe_type(content_type), headers=headers)


def safe_type(content_type: str) -> str:
    """The type itself where it holds no program, else ``application/octet-stream``."""
    plain = content_type.strip().lower()
    return plain if plain in INERT else OPAQUE


def disposition(name: str) -> str:
    """``attachment`` with the name in ASCII and, where that is not all of it, in UTF-8 as well."""
    name = clean_name(name).lstrip(". ") or "attachment"
    stem, dot, extension = name.rpartition(".") if "." in name else (name, "", "")
    plain = f"{_ascii(stem) or 'attachment'}{dot}{_ascii(extension)}".rstrip(". ")
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE)}"
    return f'attachment; filename="{plain}"{extended}'


def _ascii(text: str) -> str:
    return _UNSAFE.sub("_", unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()).strip(". ")


def _portions(octets: bytes) -> Iterator[bytes]:
    view = memoryview(octets)
    for start in range(0, len(view), PORTION):
        yield bytes(view[start : start + PORTION])
