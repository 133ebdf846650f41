"""Parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231, misused RFC 2047).

Decides what a parameter's text is. It never decides what a name may look like on a screen (`names` does).
flanker and the standard library read them too, flanker with every RFC 2231 value taken for UTF-8.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from postbox.ingest.charsets import decode_charset
from postbox.ingest.words import decode_words

# The closing quote is optional: mailers cut headers. Each alternative is taken without any way back, so this
# is linear.
_PARAMETER = re.compile(
    r';\s*+([^\s=;"]++)\s*+=\s*+(?:"([^"\\]*+(?>(?:\\.[^"\\]*+)*))"?|([^;]*+))', re.ASCII | re.DOTALL
)
_UNSEPARATED = re.compile(r"[^\s;=]++\s++(?=[^\s;=]++\s*+=)", re.ASCII)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_SEGMENTS = 100


def parameters(value: str) -> dict[str, str]:
    """Parameters by lower-case name; of a name that comes twice the first counts.

    ``value`` holds octets as Latin-1.
    """
    # The first semicolon is what mailers forget.
    unseparated = _UNSEPARATED.match(value)
    if unseparated:
        value = f"{unseparated[0]};{value[unseparated.end() :]}"
    plain: dict[str, str] = {}
    segments: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(value):
        key, quoted, bare = match.groups()
        text = bare.strip(" \t") if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        name, star, rest = key.lower().partition("*")
        if not star:
            plain.setdefault(name, text)
            continue
        index = rest.rstrip("*")
        if len(index) <= 3 and (not index or index.isdecimal()):
            encoded = key.endswith("*")
            segments.setdefault(name, {}).setdefault(int(index or 0), (text, encoded))
    for name, pieces in segments.items():
        plain[name] = _joined(pieces)
    return plain


def parameter_text(value: str) -> str:
    """A parameter as a reader should see it: encoded words and raw octets decoded."""
    if value.isascii():
        return decode_words(value) if "=?" in value else value
    if max(value) > "\xff":
        return value
    return decode_words(decode_charset(value.encode("latin-1"), "")[0])


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """Joins RFC 2231 continuations; the first piece names the charset, ``charset'language'octets``."""
    charset, octets = "", b""
    for index in range(min(len(pieces), _SEGMENTS)):
        if index not in pieces:
            break
        text, encoded = pieces[index]
        if index == 0 and encoded and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        raw = text.encode("latin-1")
        octets += unquote_to_bytes(raw) if encoded else raw
    return decode_charset(octets, charset)[0]
