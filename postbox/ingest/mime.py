"""From a raw mail to `ParsedMail`: the only user of flanker's MIME parser.

Decides what a mail says: its fields, its text, its HTML, its attachments, and what was wrong with it.
flanker builds the tree; where it gives up, the standard library's parser does, from the same bounded
skeleton. It never touches the network, the database or the spool, and never judges a mail.
"""

from __future__ import annotations

from contextlib import suppress
from email import policy
from email.message import Message
from email.parser import Parser
from functools import lru_cache
from typing import Any

from postbox.ingest.bodies import PLAIN, select
from postbox.ingest.contents import Contents
from postbox.ingest.defects import Defect
from postbox.ingest.fields import Fields
from postbox.ingest.limits import Deadline, checked_outline
from postbox.ingest.outline import Field, Section, unify
from postbox.ingest.parts import Part
from postbox.ingest.quiet import quiet_import
from postbox.ingest.tree import Node, grow, marks, skeleton
from postbox.ingest.words import header_text
from postbox.mail.parsed import AttachmentPart, ParsedMail

with quiet_import():
    from flanker.mime.message.scanner import scan

# Most mails are of a few shapes; a longer skeleton is hardly seen twice.
_CACHED_CHARACTERS = 1000
_CACHED_SHAPES = 512


class Unparsable(Exception):
    """Neither parser could take the mail; ``code`` and ``message`` say so."""

    code = "unparsable"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def parse(raw: bytes) -> ParsedMail:
    """The mail's decoded parts. Raises as ``parse_whole``."""
    return parse_whole(raw)[0]


def parse_whole(raw: bytes) -> tuple[ParsedMail, tuple[bytes, ...]]:
    """The mail's decoded parts, and the octets of its attachments in their order.

    Raises LimitExceeded (before any parser runs, but for the deadline) and Unparsable.
    """
    deadline = Deadline()
    mail = unify(raw)
    sections = checked_outline(mail, deadline)
    defects = _line_defects(raw)
    parser, root = _tree(sections, mail, defects)
    fields = Fields(sections[0].values, defects)
    contents = Contents(select(root), defects, deadline)
    markup = contents.html()
    attached = list(contents.attachments(markup))
    parsed = ParsedMail(
        message_id=next(iter(fields.message_ids("message-id")), ""),
        from_=fields.authors(),
        sender=fields.mailboxes("sender"),
        reply_to=fields.mailboxes("reply-to"),
        to=fields.mailboxes("to"),
        cc=fields.mailboxes("cc"),
        subject=fields.text("subject"),
        date=fields.date(),
        in_reply_to=next(iter(fields.message_ids("in-reply-to")), ""),
        references=fields.message_ids("references"),
        headers=_headers(sections[0].fields),
        text=contents.text(),
        html=markup,
        attachments=tuple(attachment for attachment, _ in attached),
        defects=tuple(sorted(defects)),
        parser=parser,
    )
    return parsed, tuple(octets for _, octets in attached)


def attachment_bytes(raw: bytes, position: int) -> tuple[AttachmentPart, bytes]:
    """The attachment at a position of `ParsedMail.attachments`, decoded.

    Raises IndexError, and what `parse` raises.
    """
    deadline = Deadline()
    mail = unify(raw)
    _, root = _tree(checked_outline(mail, deadline), mail, set())
    contents = Contents(select(root), set(), deadline)
    for attachment, octets in contents.attachments(contents.html()):
        if attachment.position == position:
            return attachment, octets
    raise IndexError(f"the mail has no attachment {position}")


# No encoded word stands in them (RFC 2047, section 5): decoded, a sender's would read as the name of a trusted server.
_NOT_ENCODED = frozenset({"authentication-results", "arc-authentication-results"})


def _headers(fields: list[Field]) -> tuple[Field, ...]:
    """All header fields as a reader sees them; most mails have none that reads otherwise than it was sent."""
    said = "".join([value for _, value in fields])
    if said.isascii() and said.isprintable() and "=?" not in said:
        return tuple(fields)
    return tuple((name, value if name.lower() in _NOT_ENCODED else header_text(value)) for name, value in fields)


def _line_defects(raw: bytes) -> set[Defect]:
    if b"\r" in raw and raw.count(b"\r") != raw.count(b"\r\n"):
        return {Defect.BARE_CR}
    return set()


def _tree(sections: list[Section], mail: bytes, defects: set[Defect]) -> tuple[str, Part]:
    """The tree and the name of the parser that built it."""
    drawn = skeleton(sections)
    parser, node = _cached_shape(drawn) if len(drawn) <= _CACHED_CHARACTERS else _shape(drawn)
    if parser == "email":
        defects.add(Defect.FALLBACK)
    root = grow(node, sections, mail)
    return parser, root


def _shape(drawn: str) -> tuple[str, Node]:
    # flanker raises whatever its regular expressions and indexes run into.
    with suppress(Exception):
        return "flanker", _flanker_node(scan(drawn))
    try:
        return "email", _email_node(Parser(policy=policy.compat32).parsestr(drawn))
    except Exception as error:
        raise Unparsable(f"neither parser could take the mail: {type(error).__name__}") from error


_cached_shape = lru_cache(_CACHED_SHAPES)(_shape)


def _flanker_node(part: Any) -> Node:
    content_type = part.content_type
    if content_type.is_multipart() and not part.parts:
        return _without_parts(part.to_string())
    if content_type.is_multipart():
        return Node(content_type.value, tuple(_flanker_node(child) for child in part.parts))
    return Node(content_type.value, None, marks(part.to_string()))


def _email_node(message: Message) -> Node:
    children: Any = message.get_payload()
    if message.get_content_maintype() == "multipart":
        if isinstance(children, list):
            return Node(message.get_content_type(), tuple(_email_node(child) for child in children))
        return _without_parts(children)
    return Node(message.get_content_type(), None, marks(message.as_string()))


def _without_parts(text: str) -> Node:
    """A multipart without any part: what stands in its place is read as text, so that nothing hides there."""
    return Node(PLAIN, None, marks(text)[:1])
