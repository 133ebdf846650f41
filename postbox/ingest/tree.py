"""A mail's MIME tree, drawn from its outline.

Decides how the skeleton of a mail is written down for a parser: types and delimiter lines in their plainest
form, and one private-use character in place of each body. A raw mail is Latin-1 here and can hold no such
character, so that a body's octets are found again from it and nothing in a mail can pass for one. It never
parses (`mime` does).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from postbox.ingest.outline import Section
from postbox.ingest.parts import Part

_FIRST_MARK = 0xE000
_MARKS = re.compile("[\ue000-\uf8ff]")
_TYPE = re.compile(r"[\w!#$&^.+*/-]+", re.ASCII)
_TYPE_CHARACTERS = 127


@dataclass(frozen=True, slots=True)
class Node:
    """What a parser made of the skeleton: ``sections`` are the numbers of the bodies that a leaf holds."""

    content_type: str
    children: tuple[Node, ...] | None
    sections: tuple[int, ...] = ()


def skeleton(sections: list[Section]) -> str:
    """The mail with nothing in it but what shapes its tree.

    A multipart that what encloses it cuts short is closed here, since flanker would take all that follows for its
    parts. One without any delimiter line is left for the parsers to stumble over.
    """
    begun = {section.opened_by for section in sections}
    types = {0: ""}
    lines: list[str] = []
    stack: list[int] = []
    for index, section in enumerate(sections):
        lines += _closed(stack, section.opened_by, begun)
        if section.opened_by:
            lines.append(f"--b{section.opened_by}{'--' if section.closing else ''}")
        if section.closing:
            stack.pop()
        else:
            content_type = _plain_type(section.field("content-type"))
            if not content_type and types[section.opened_by] == "multipart/digest":
                content_type = "message/rfc822"
            if section.number:
                types[section.number] = content_type
                stack.append(section.number)
                content_type += f"; boundary=b{section.number}"
            if content_type:
                lines.append(f"Content-Type: {content_type}")
        lines += ("", chr(_FIRST_MARK + index))
    lines += _closed(stack, 0, begun)
    return "\n".join(lines) + "\n"


def _closed(stack: list[int], until: int, begun: set[int]) -> list[str]:
    """The closing lines of the open multiparts inside number ``until``, which are taken off the stack."""
    lines = []
    while stack and stack[-1] != until:
        number = stack.pop()
        if number in begun:
            lines.append(f"--b{number}--")
    return lines


def marks(text: str) -> tuple[int, ...]:
    """The numbers of the bodies whose marks stand in a stretch of the skeleton."""
    return tuple(ord(mark) - _FIRST_MARK for mark in _MARKS.findall(text))


def grow(node: Node, sections: list[Section], raw: bytes) -> Part:
    """The tree with fields and bodies from the raw mail."""
    if node.children is not None:
        return Part(node.content_type, tuple(grow(child, sections, raw) for child in node.children))
    if not node.sections:
        return Part(node.content_type, None)
    first, last = sections[node.sections[0]], sections[node.sections[-1]]
    return Part(node.content_type, None, first.values, raw[first.body_start : last.body_end])


def _plain_type(value: str) -> str:
    match = _TYPE.match(value)
    return match[0][:_TYPE_CHARACTERS].lower() if match else ""
