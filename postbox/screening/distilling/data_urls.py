"""Style sheets that stand in a ``data:`` address (RFC 2397).

Decides what text they hold. Nothing else is ever read from an address.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote

_CHARACTERS = 512 * 1024
_AROUND = "".join(map(chr, range(33)))
"""What may stand around an address (URL Living Standard, section 4.4)."""


def transparent_gif(url: str) -> bool:
    """Whether a ``data:`` address holds a GIF with a transparent colour: what lies behind it is seen."""
    _, found, data = url[:400].partition("data:image/gif;base64,")
    if not found:
        return False
    try:
        octets = base64.b64decode(data[:100], validate=False)
    except (binascii.Error, ValueError):
        return False
    at = octets.find(b"\x21\xf9\x04")
    return at >= 0 and len(octets) > at + 3 and bool(octets[at + 3] & 1)


def style_text(url: str) -> str:
    """The CSS in a ``data:text/css`` address; empty for any other."""
    url = url.strip(_AROUND)
    if url[:5].lower() != "data:" or len(url) > _CHARACTERS:
        return ""
    kind, comma, data = url[5:].partition(",")
    if not comma or kind.partition(";")[0].strip().lower() != "text/css":
        return ""
    if kind.strip().lower().endswith(";base64"):
        try:
            return base64.b64decode(unquote(data), validate=False).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
    return unquote(data)
