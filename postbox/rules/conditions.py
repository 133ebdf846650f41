"""From a rule's ``match`` to a function that asks a mail.

Decides what each condition means. What comes here has been checked (postbox.rules.language), so this never judges form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from postbox.mail.parsed import AttachmentPart
from postbox.rules.patterns import Test, glob, regex
from postbox.rules.view import Text, View, utf8

Condition = Callable[[View], bool]


def condition(match: dict[str, Any]) -> Condition:
    """One function for a match: every one of its keys must hold, the cheap ones asked first."""
    parts = [_PARTS[key](match[key]) for key in _PARTS if key in match]
    if len(parts) == 1:
        return parts[0]
    return lambda view: all(part(view) for part in parts)


def _all(matches: list[dict[str, Any]]) -> Condition:
    parts = [condition(match) for match in matches]
    return lambda view: all(part(view) for part in parts)


def _any(matches: list[dict[str, Any]]) -> Condition:
    parts = [condition(match) for match in matches]
    return lambda view: any(part(view) for part in parts)


def _not(match: dict[str, Any]) -> Condition:
    part = condition(match)
    return lambda view: not part(view)


def _every_mail(value: bool) -> Condition:
    return lambda view: value


def _addresses(name: str) -> Callable[[Any], Condition]:
    """A pattern without ``@`` is a domain, and fits every address of it."""

    def build(value: Any) -> Condition:
        tests = [glob(pattern if "@" in pattern else f"*@{pattern}") for pattern in _listed(value)]
        return lambda view: _fits(getattr(view, name), tests)

    return build


def _tag(value: Any) -> Condition:
    tests = [glob(pattern) for pattern in _listed(value)]
    return lambda view: _fits(view.tag, tests)


def _fits(values: Sequence[bytes], tests: Sequence[Test]) -> bool:
    return any(test(value) for value in values for test in tests)


def _text(name: str) -> Callable[[Any], Condition]:
    def build(value: Any) -> Condition:
        found = _in_text({"contains": value} if isinstance(value, str) else value)
        return lambda view: found(getattr(view, name))

    return build


def _in_text(value: dict[str, Any]) -> Callable[[Text], bool]:
    """One of the words, and the pattern, where each is given."""
    words = [word.casefold() for word in _listed(value.get("contains", []))]
    pattern = regex(value["regex"]) if "regex" in value else None

    def found(text: Text) -> bool:
        if words and not any(word in text.folded for word in words):
            return False
        return pattern is None or pattern(text.octets)

    return found


def _header(value: dict[str, Any]) -> Condition:
    name, found, exists = value["name"].lower(), _in_text(value), value.get("exists", True)
    if not exists:
        return lambda view: not view.headers(name)
    return lambda view: any(found(text) for text in view.headers(name))


def _score(value: dict[str, Any]) -> Condition:
    low, high = value.get("min", 0.0), value.get("max", 1.0)
    return lambda view: view.case.score is not None and low <= view.case.score.score <= high


def _attachment(value: Any) -> Condition:
    if isinstance(value, bool):
        return lambda view: bool(view.attachments) is value
    names = [glob(pattern) for pattern in _listed(value.get("name", []))]
    types = [glob(pattern) for pattern in _listed(value.get("type", []))]
    least = value.get("min_size", 0)

    def fits(part: AttachmentPart) -> bool:
        return (
            part.size >= least
            and (not names or _fits([utf8(part.name)], names))
            and (not types or _fits([utf8(part.content_type)], types))
        )

    return lambda view: any(fits(part) for part in view.attachments)


def _verdict(value: dict[str, Any]) -> Condition:
    wanted = tuple(value.items())
    return lambda view: any(
        all(getattr(verdict, name) == word for name, word in wanted) for verdict in view.case.verdicts
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# In the order in which they are asked.
_PARTS: dict[str, Callable[[Any], Condition]] = {
    "every_mail": _every_mail,
    "score": _score,
    "verdict": _verdict,
    "tag": _tag,
    "recipient": _addresses("recipient"),
    "envelope_from": _addresses("envelope_from"),
    "header_from": _addresses("header_from"),
    "sender": _addresses("sender"),
    "attachment": _attachment,
    "subject": _text("subject"),
    "header": _header,
    "all": _all,
    "any": _any,
    "not": _not,
    "text": _text("text"),
}
