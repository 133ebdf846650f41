"""Mail addresses inside the words of a report.

Decides what looks like one. It never checks that one exists.
"""

from __future__ import annotations

import re

_BARE = r"[^\s<>()\[\]\"',;:：、，。（）「」【】|\\\x00-\x1f\x7f]"
ADDRESS = rf"(?:\"[^\"\s@]{{1,64}}\"|{_BARE}{{1,256}})@[\w.-]{{1,253}}"
_LOCAL_CHARACTERS = 256
_SIGNS = 1000  # of a text that are looked at
_LOCAL = re.compile(rf"{_BARE}{{1,{_LOCAL_CHARACTERS}}}|\"[^\"\s@]{{1,64}}\"")
_DOMAIN = re.compile(r"[\w.-]{1,253}")
_EDGES = ".-*=+>/"
_ROBOT = re.compile(
    r"(?:mailer-?daemon|post?o?master|mail-?daemon|mail[-.]delivery[-.](?:sub)?system|mailadm|daemon|microsoftexchange[0-9a-f]*)\b",
    re.I,
)


def addresses(text: str) -> list[str]:
    """The addresses of a text in order, each once."""
    found: dict[str, None] = {}
    at = text.find("@")
    for _ in range(_SIGNS):
        if at < 0:
            break
        # Backwards from the sign: a pattern would try every start of a long word.
        local = _LOCAL.match(text[max(0, at - _LOCAL_CHARACTERS) : at][::-1])
        domain = _DOMAIN.match(text, at + 1)
        if local and domain and (address := tidy(f"{local[0][::-1]}@{domain[0]}")):
            found[address] = None
        at = text.find("@", at + 1)
    return list(found)


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


def is_daemon(address: str) -> bool:
    """Whether it is one that only sends reports."""
    return address.lower().startswith(("mailer-daemon@", "maildaemon@", "mail-daemon@"))
