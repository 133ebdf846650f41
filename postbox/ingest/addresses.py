"""Mailboxes from address fields (RFC 5322 section 3.4).

Decides which mailboxes a field names. Plain ones are read here, the rest by flanker's grammar, one at a
time and bounded; what breaks the grammar gives every address in it, so that an ambiguous author is seen as
more than one. Domains are lower case and stay as they were sent (an ``xn--`` label is not decoded).
"""

from __future__ import annotations

import re

from postbox.ingest.quiet import quiet_import
from postbox.ingest.words import display_text, raw_text
from postbox.mail.parsed import Mailbox

with quiet_import():
    from flanker.addresslib import address as flanker_address

_MAILBOX_CHARACTERS = 320  # what the grammar is asked to read: its time grows with the square
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++"
_SPEC = rf"({_ATOM}(?>(?:\.{_ATOM})*))@([A-Za-z0-9-]++(?>(?:\.[A-Za-z0-9-]++)*))"
_BARE = re.compile(_SPEC)
_NAMED = re.compile(rf'(?:"([^"\\]++)"|({_ATOM}(?>(?: {_ATOM})*)))? ?<{_SPEC}>')
_MARKS = re.compile(r'[\\"(),;<>]')
_SPECIALS = re.compile(r'[\s<>(),;:"\[\]\\]+')
_ANGLE = re.compile(r"<([^<>]*+)>")
_ROUTE = re.compile(r"^@[^:]*+:")


def mailboxes(value: str) -> tuple[list[Mailbox], bool]:
    """The mailboxes of one address field (octets as Latin-1), and whether all of it kept to the grammar."""
    single = _plain(value)
    if single:
        return [single], True
    value = raw_text(value)
    found: list[Mailbox] = []
    well_formed, orphan, has_groups = True, "", ";" in value
    for item, comment in _items(value):
        if "@" in item:
            boxes, good = _mailbox(_without_group(item) if has_groups else item, comment)
            found += _renamed(boxes, orphan)
            well_formed, orphan = well_formed and good, ""
        elif item and not (has_groups and item.endswith(":")):
            well_formed, orphan = False, f"{orphan}{item}, "[-_MAILBOX_CHARACTERS:]
    return found, well_formed


def _renamed(boxes: list[Mailbox], orphan: str) -> list[Mailbox]:
    """An unquoted comma in a name cuts it off its address; readers show it before the name, and so do we."""
    if not orphan or not boxes:
        return boxes
    name = _name(orphan.rstrip(", ")) + (f", {boxes[0].name}" if boxes[0].name else "")
    return [Mailbox(boxes[0].address, name), *boxes[1:]]


def _plain(item: str) -> Mailbox | None:
    """``a@b``, ``<a@b>``, ``Name <a@b>`` and ``"Name" <a@b>`` in ASCII, as flanker reads them."""
    if "=?" in item or len(item) > _MAILBOX_CHARACTERS:
        return None
    match = _BARE.fullmatch(item)
    if match:
        return Mailbox(f"{match[1]}@{match[2].lower()}")
    match = _NAMED.fullmatch(item)
    if match and item.isascii():
        return Mailbox(f"{match[3]}@{match[4].lower()}", match[1] or match[2] or "")
    return None


def _items(value: str) -> list[tuple[str, str]]:
    """Splits a list at commas and semicolons outside quotes, comments and angles.

    Comments are taken out, at any depth.
    """
    items: list[tuple[str, str]] = []
    text: list[str] = []
    comment = ""
    start = skip = depth = 0
    quoted = angled = False
    for mark in _MARKS.finditer(value):
        at, sign = mark.start(), mark[0]
        if at < skip:
            continue
        if sign == "\\":
            skip = at + 2
        elif depth:
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if not depth:
                comment = comment or value[start + 1 : at]
                start = at + 1
        elif sign == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif sign == "(":
            text.append(value[start:at])
            start, depth = at, 1
        elif sign in "<>":
            angled = sign == "<"
        elif sign in ",;" and not angled:
            text.append(value[start:at])
            items.append(("".join(text).strip(), comment))
            text, comment, start = [], "", at + 1
    text.append(value[start:])
    items.append(("".join(text).strip(), comment))
    return items


def _mailbox(item: str, comment: str) -> tuple[list[Mailbox], bool]:
    box = _plain(item) or _by_grammar(item)
    if box:
        return [box if box.name else Mailbox(box.address, _name(comment))], True
    return _tolerant(item)


def _by_grammar(item: str) -> Mailbox | None:
    # Encoded words never reach flanker, which would guess their charset.
    if "=?" in item or len(item) > _MAILBOX_CHARACTERS or "xn--" in item.lower():
        return None
    parsed = flanker_address.parse_list(item)
    if len(parsed) != 1 or parsed[0].addr_type != "email":
        return None
    return Mailbox(parsed[0].address, parsed[0].display_name.strip())


def _tolerant(item: str) -> tuple[list[Mailbox], bool]:
    """Every address in angles, with the text before it as its name.

    Else the first word that holds an at sign.
    """
    boxes: list[Mailbox] = []
    end = 0
    for angle in _ANGLE.finditer(item):
        address = _address(angle[1])
        if address:
            boxes.append(Mailbox(address, _name(item[end : angle.start()])))
        end = angle.end()
    if boxes:
        # Encoded words and xn-- labels are kept from the grammar, and are no break of it.
        spared = "=?" in item or "xn--" in item.lower()
        return boxes, spared and len(boxes) == item.count("<") == 1 and item.endswith(">")
    local, _, domain = item.partition("@")
    address = _address(f"{_SPECIALS.split(local)[-1]}@{_SPECIALS.split(domain)[0]}")
    return ([Mailbox(address)] if address else []), False


def _address(text: str) -> str:
    text = _ROUTE.sub("", text.strip())
    local, at, domain = text.rpartition("@")
    if not (local and at and domain and text.isprintable()) or " " in text:
        return ""
    return f"{local}@{domain.lower()}"


def _name(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    return " ".join(display_text(text).split())


def _without_group(item: str) -> str:
    """The first mailbox of a group without the group's name (RFC 5322 section 3.4: ``Name: a@b, c@d;``)."""
    group, colon, rest = item.partition(":")
    return rest.strip() if colon and not any(sign in group for sign in '"<@[') else item
