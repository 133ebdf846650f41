"""Compact JSON in UTF-8 (RFC 8259), and texts of a mail written into it without the encoder.

Decides only how values are written: the same octets as ``json.dumps`` gives. A mail's text stands in its sealed content
and in its event; written once, it goes into both as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, Final

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_RARE_CONTROLS: Final = bytes(octet for octet in range(0x20) if octet not in b"\n\t")


def quoted(text: str) -> bytes:
    """The text as a JSON string, a lone surrogate as a question mark."""
    octets = text.encode("utf-8", "replace")
    if len(octets.translate(None, _RARE_CONTROLS)) < len(octets):
        return bytes(encode_basestring(text).encode("utf-8", "replace"))
    octets = octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n").replace(b"\t", b"\\t")
    return b'"%b"' % octets


def compact(members: Mapping[str, Any], written: Mapping[str, bytes] | None = None) -> bytes:
    """An object, which must have a member; those that are ``written`` already come last."""
    octets = _ENCODER.encode(members).encode("utf-8", "replace")
    if not written:
        return octets
    return b"%b,%b}" % (octets[:-1], b",".join([b'"%b":%b' % (name.encode(), json) for name, json in written.items()]))
