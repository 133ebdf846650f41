"""Links that show one address and go to another.

Decides by the organisation that registered each name (``postbox.lib.orgdomain``), so that ``www.shop.example`` for
``pay.shop.example`` is no matter. A link through a redirector that counts clicks shows one address and goes to another
too, and is said to. It never follows a link and never asks DNS.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import unquote

from postbox.lib.orgdomain import is_public_suffix, organisational
from postbox.mail.parsed import Link

_SHOWN_CHARACTERS = 500
_HOST = r"[^\s/\\?#@:<>()\[\]{}\"'|,;!=&%*+]{1,253}"
_SHOWN_URL = re.compile(
    rf"\b(?:https?|ftp|hxxps?)\s?:[/\\]{{1,4}}(?:[^\s/\\?#@]{{0,200}}@)?(\[[0-9a-f:.]+\]|{_HOST})", re.I
)
_SHOWN_NAME = re.compile(rf"(?<![^\s<(\[{{\"'|,;:*@]){_HOST}", re.I)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,30}):", re.I).match
_WEB = frozenset({"http", "https", "ftp"})
_CONTROLS = re.compile(r"[\x00-\x20\x7f\u00ad\u200b-\u200f\u2060\ufeff]+")
_DOTS = re.compile("[。．｡]")
_MOST_NAMES = 8
# Letters that a reader takes for Latin ones (Unicode Technical Standard #39), those that names are forged with.
_LOOK_ALIKES = str.maketrans("аеорсухіјѕԁԛԝһӏѵɡɑοανιρκτυѡ", "aeopcyxijsdqwhlvgaoavipktuw")


def with_mismatches(links: Sequence[Link]) -> tuple[Link, ...]:
    """The same links, each that shows another address than it goes to marked."""
    return tuple(Link(link.text, link.url, True) if is_mismatch(link.text, link.url) else link for link in links)


def is_mismatch(text: str, url: str) -> bool:
    """Whether the text names an address, and none that the URL goes to, or the URL itself wears a false one."""
    if "@" in url and _is_disguised(url):
        return True
    if "." not in text and "。" not in text and "．" not in text and ":" not in text:
        return False
    if text == url and text.isascii():
        return False
    names = _shown(text[:_SHOWN_CHARACTERS])
    if not names:
        return False
    target = _target(url)
    if target is None:
        return False
    return all(_organisation(name) != _organisation(target) for name in names)


def _shown(text: str) -> list[str]:
    """The hosts that a reader sees named in the text, as they are read."""
    text = _DOTS.sub(".", unicodedata.normalize("NFKC", text) if not text.isascii() else text)
    found = [match[1] for match in _SHOWN_URL.finditer(text)]
    if not found and "." in text:
        found = [match[0] for match in _SHOWN_NAME.finditer(text) if "." in match[0] and _is_name(match[0])]
        if " " in text.strip():  # in a sentence, ASP.NET is no place
            found = [name for name in found if name != name.upper() or _address(name)]
    return [_as_read(host) for host in found[:_MOST_NAMES]]


def _is_name(word: str) -> bool:
    """``shop.example.com`` and ``192.0.2.7`` are names; ``etc.``, ``Node.js`` and ``4.07`` are none."""
    word = word.strip(".-–…")
    last = word.rpartition(".")[2]
    if _address(word):
        return True
    if "." not in word or len(last) < 2 or ".." in word or (last != last.lower() and word != word.upper()):
        return False
    return not last.isdigit() and is_public_suffix(_ascii(last))


def _as_read(host: str) -> str:
    """A name with the letters that its reader takes it to have, where it mixes alphabets or imitates Latin wholly."""
    host = _CONTROLS.sub("", host).strip(".-–…").lower()
    if not host.isascii():
        host = ".".join([_label_as_read(label) for label in host.split(".")])
    return host


def _label_as_read(label: str) -> str:
    read = label.translate(_LOOK_ALIKES)
    return read if read.isascii() else label


def _target(url: str) -> str | None:
    """The host that a browser goes to (WHATWG URL); empty for what is no place, None where that cannot be told."""
    url = _CONTROLS.sub("", url)
    scheme = _SCHEME(url)
    name = scheme[1].lower() if scheme else ""
    rest = url[scheme.end() :] if scheme else url
    if name == "mailto":
        return unquote(rest.partition("?")[0].partition(",")[0]).rpartition("@")[2].strip("<> ").lower()
    if name and name not in _WEB and not rest[:1].isdigit():
        return "" if name in {"javascript", "data", "vbscript", "file", "blob"} else None
    rest = rest.replace("\\", "/")
    if not name and not rest.startswith("//"):
        first = re.split(r"[/?#]", rest, maxsplit=1)[0]  # a program that forgot the scheme
        return _host_of(first) if "." in first and _is_name(first.partition(":")[0]) else None
    return _host_of(re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0])


def _host_of(authority: str) -> str:
    host = unquote(authority.rpartition("@")[2])
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return _DOTS.sub(".", unicodedata.normalize("NFKC", host)).partition(":")[0].lower().strip(".")


def _is_disguised(url: str) -> bool:
    """Whether what stands before the @ of a web address reads as the host that it is not."""
    url = _CONTROLS.sub("", url).replace("\\", "/")
    scheme = _SCHEME(url)
    if not scheme or scheme[1].lower() not in _WEB:
        return False
    authority = re.split(r"[/?#]", url[scheme.end() :].lstrip("/"), maxsplit=1)[0]
    before, at, _ = authority.rpartition("@")
    return bool(at) and any(_is_name(part) for part in re.split(r"[:@]", unquote(before)))


@lru_cache(4096)
def _organisation(host: str) -> str:
    """The name that an organisation registered, in ASCII; an address as itself."""
    if address := _address(host):
        return address
    return organisational(_ascii(host))


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _address(host: str) -> str:
    """An IP address in its usual form; also one that is written as a number, as browsers take it."""
    bare = host.strip("[]")
    try:
        if bare[:1].isdigit() and ("." not in bare or "0x" in bare):
            number = int(bare, 0) if "." not in bare else -1
            return str(ip_address(number)) if 0 <= number < 2**32 and number > 2**24 else ""
        return str(ip_address(bare))
    except ValueError:
        return ""
