"""Mail addresses inside the words of a report.

Decides what looks like one. It never checks that one exists.
"""

from __future__ import annotations

import re

_BARE = r"[^\s<>()\[\]\"',;:|\\\x00-\x1f\x7f]"
ADDRESS = rf"(?:\"[^\"\s@]{{1,64}}\"|{_BARE}{{1,256}})@[\w.-]{{1,253}}"
_ADDRESS = re.compile(ADDRESS)
_EDGES = ".-*=+>/"
_ROBOT = re.compile(
    r"(?:mailer-?daemon|post?o?master|mail-?daemon|mail[-.]delivery[-.](?:sub)?system|mailadm|daemon|microsoftexchange[0-9a-f]*)\b",
    re.I,
)


def addresses(text: str) -> list[str]:
    """The addresses of a text in order, each once."""
    return list(dict.fromkeys(found for match in _ADDRESS.finditer(text) if (found := tidy(match[0]))))


def tidy(address: str) -> str:
    """An address without what clings to it; empty when it is none."""
    address = address.strip().strip("<>\"' \t").rstrip(_EDGES).removeprefix("mailto:").lstrip("*->")
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or len(address) > 320:
        return ""
    return f"{local}@{domain.lower()}"


def is_robot(address: str) -> bool:
    """Whether it is the address of a mail system, not of a person."""
    return _ROBOT.match(address) is not None
