"""Authentication-Results fields (RFC 8601): what a trusted MTA found, and everybody else's claims taken out.

Decides which field counts: the topmost that bears the configured name, and no other. Its sender must be the MTA that
hands mail in, which removes fields of that name that it did not write (section 5). A field that can be read in several
ways, too long or with quotes or parentheses left open, says nothing: senders choose what an MTA quotes in it.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field

from postbox.mail.models import AuthResult
from postbox.mail.parsed import ParsedMail
from postbox.screening.auth.names import ascii_name
from postbox.screening.auth.signed import RawField, SignedMail

NAME = "authentication-results"
_LONGEST = 16_384
_QUOTED = r'"(?>(?:[^"\\]|\\.)*)"'
_QUOTED_OR_COMMENT = re.compile(rf"{_QUOTED}|[()]|\\.|;", re.DOTALL)
_QUOTED_OR_ESCAPED = re.compile(rf"{_QUOTED}|\\.", re.DOTALL)
_WHOLLY_QUOTED = re.compile(_QUOTED, re.DOTALL)
_AMBIGUOUS_IN_COMMENT = re.compile(r"[()\\]")
_METHOD = re.compile(r"\s*([A-Za-z0-9_-]+)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z0-9_-]+)")
# Or a quoted string that is no property's: a reason.
_PROPERTY = re.compile(
    rf"(?<![A-Za-z0-9_-])([A-Za-z0-9_-]+)\s*\.\s*([A-Za-z0-9_-]+)\s*=\s*((?>(?:{_QUOTED}|[^\s;\"])+))|{_QUOTED}"
)
_SERVER = re.compile(rf"\s*({_QUOTED}|[^\s;\"]+)(?:\s+\d+)?\s*\Z")
_WORDS = frozenset(AuthResult.values)


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result with its properties by ``type.name``, in lower case."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)

    def domain(self, *names: str) -> str:
        """The domain of the first of these properties, in ASCII."""
        value = next((self.properties[name] for name in names if name in self.properties), "")
        return ascii_name(value.rpartition("@")[2])


def trusted(mail: SignedMail, server: str) -> list[Result] | None:
    """What the MTA of that name found; None where it wrote nothing.

    It quotes what senders wrote, so its field is read as it came: decoded words could hold results of their own.
    """
    values = (unfolded(field) for field in mail.named(NAME))
    mine = next((value for value in values if _server(value) == server), None)
    return None if mine is None else results(mine)


def unfolded(field: RawField) -> str:
    """A field's value in one line."""
    return field.value.replace(b"\r\n", b"").decode("latin-1")


def without_claims(parsed: ParsedMail, server: str = "") -> ParsedMail:
    """The mail without any Authentication-Results but the one that counts, so that no rule takes a claim for a word."""
    if NAME not in parsed.by_name:
        return parsed
    kept, seen = [], False
    for name, value in parsed.headers:
        if name.lower() != NAME:
            kept.append((name, value))
        elif server and not seen and _server(value) == server:
            kept.append((name, value))
            seen = True
    return dataclasses.replace(parsed, headers=tuple(kept))


def results(value: str) -> list[Result]:
    """The results of a field's value, the server's name first in it; what is malformed is passed over."""
    found = []
    for part in _parts(value)[1:]:
        if match := _METHOD.match(part):
            given = {
                f"{one[1]}.{one[2]}".lower(): _unquoted(one[3])
                for one in _PROPERTY.finditer(part, match.end())
                if one[1]
            }
            word = match[2].lower()
            found.append(Result(match[1].lower(), word if word in _WORDS else AuthResult.NONE, given))
    return found


def _server(value: str) -> str:
    """Whose field it is, even if it says nothing else that counts."""
    match = _SERVER.match(_split_up(value[:_LONGEST])[0][0])
    return match[1].strip('"').lower() if match else ""


def _unquoted(value: str) -> str:
    return value[1:-1] if _WHOLLY_QUOTED.fullmatch(value) else value


def _parts(value: str) -> list[str]:
    """Split at semicolons outside quotes and comments; only the first where that can be done in several ways."""
    parts, clear = _split_up(value[:_LONGEST])
    return parts if clear and len(value) <= _LONGEST else parts[:1]


def _split_up(value: str) -> tuple[list[str], bool]:
    """The parts, comments taken out of them at any depth, and whether there is no other way to read them."""
    parts: list[str] = [""]
    start = depth = 0
    clear = True
    for mark in _QUOTED_OR_COMMENT.finditer(value):
        sign = mark[0]
        if sign[0] == '"' and depth:  # no quote to those who follow RFC 5322, a quote to those who wrote it
            clear = clear and not _AMBIGUOUS_IN_COMMENT.search(sign)
        elif sign[0] == "\\":
            clear = clear and depth > 0
        elif sign == "(":
            if not depth:
                parts[-1] += value[start : mark.start()] + " "
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
            start = mark.end()
        elif sign == ";" and not depth:
            parts[-1] += value[start : mark.start()]
            parts.append("")
            start = mark.end()
    if not depth:
        parts[-1] += value[start:]
    return parts, clear and not depth and '"' not in _QUOTED_OR_ESCAPED.sub("", value)
