"""Bounces that follow no standard: recipients and reasons in the words of a notice.

Decides which addresses a notice names as failed, by where they stand: alone on a line, before a colon, after the words
that announce one, in a reply. It judges no reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reputation.bounces.addresses import ADDRESS, addresses, is_daemon, is_robot, tidy
from reputation.bounces.letter import Letter

LINES = 400
_LINE_CHARACTERS = 1000
RECIPIENTS = 100
_OPENING = rf"[\s*>#|=.-]{{0,12}}(?:<[^<>\n@]{{0,80}}>\s{{0,4}})?[<\"'(\[]{{0,2}}({ADDRESS})"
_ALONE = re.compile(rf"{_OPENING}[>\"')\].,;]{{0,4}}\s*(?:<(?:mailto:)?{ADDRESS}>)?\s*\Z")
_BEFORE = re.compile(rf"{_OPENING}[>\"')\]]{{0,3}}\s*(?:\([^()\n]{{0,200}}\)\s*)?[:;](?!\S*@)")
_BESIDE = re.compile(
    rf"{_OPENING}[>\"')\]]{{0,3}}(?:\s*\.\.\.\s|\s+[\[(]|\s+-\s|\s+(?:on|said|was|could|not|unknown|user|mailbox|is)\b)"
)
_ANNOUNCES = (
    r"\b(?:recipients?|rcpt to|address(?:es)?|addressed to|message to|to|for|deliver(?:ed|y)?|mailbox|user|an"
    r"|destinataires?|destinatario|empf[äa]nger|宛先|收件人)|->"
)
_NAMED = re.compile(rf"(?:{_ANNOUNCES})(?:\s{{0,3}}:\s{{0,3}}|\s{{1,3}})['\"<(\[]{{0,2}}(?:mailto:)?({ADDRESS})", re.I)
_REPLIED = re.compile(rf"\s{{0,8}}[45]\d\d[ -](?:\d\.\d\.\d )?<?({ADDRESS})>?\.\.\.")
_REPLY = re.compile(rf"\b[45]\d\d[ -][^\n@]{{0,80}}<({ADDRESS})>")
# What stands before an address that is not the recipient's.
_NOT_RECIPIENT = re.compile(
    r"\b(?:mail from|from|sender|reply-to|return-path|envelope-from|your address|contact|support|help|assistance"
    r"|please send|e-?mail to|abuse|postmaster|administrator|by|id)\b[^\n@]{0,40}\Z",
    re.I,
)


def recipients(letter: Letter) -> list[str]:
    """The addresses that a notice says failed; empty when it names none."""
    named = addresses(letter.field("x-failed-recipients"))
    if named:
        return named[:RECIPIENTS]
    lines = [line[:_LINE_CHARACTERS] for line in letter.text.split("\n", LINES)[:LINES]]
    placed = _unique((line_recipient(line) for line in lines), robots=True)
    if placed:
        return placed
    own = {address.lower() for address in addresses(letter.field("to"))}
    refused = [address for address in _unique(_refused(line) for line in lines) if address.lower() not in own]
    if refused:
        return refused
    announced = _unique(address for line in lines for address in _announced(line))
    announced = [address for address in announced if address.lower() not in own] or announced
    if announced:
        return announced
    replied = _unique(tidy(match[1]) for line in lines for match in _REPLY.finditer(line))
    if replied:
        return replied
    return [address for address in addresses("\n".join(lines)) if address.lower() not in own and not is_robot(address)][
        :1
    ]


def blocks(letter: Letter) -> dict[str, str]:
    """The words about each recipient, by its address in lower case.

    A recipient's words are those from the line that it opens to the line that another opens, and every line elsewhere
    that names it; a single recipient's are all.
    """
    found = recipients(letter)
    if len(found) < 2:
        return {address.lower(): letter.text for address in found}
    words: dict[str, list[str]] = {address.lower(): [] for address in found}
    current: str | None = None
    before: list[str] = []
    for line in letter.text.split("\n", LINES)[:LINES]:
        line = line[:_LINE_CHARACTERS]
        opened = line_recipient(line).lower()
        inside = [address.lower() for address in addresses(line) if address.lower() in words]
        if opened in words:
            current = opened
        elif (refused := _refused(line).lower()) in words and not current:
            # In a transcript the address comes last, below what was said.
            words[refused] += [*before, line]
            before = []
            continue
        elif inside and inside[0] != current and current:
            current = inside[0]
        (words[current] if current else before).append(line)
    return {address: "\n".join(lines) for address, lines in words.items()}


def line_recipient(line: str) -> str:
    """The address that a line opens with as one that failed; empty when it does not."""
    if "@" not in line:
        return ""
    match = _ALONE.match(line) or _BEFORE.match(line) or _BESIDE.match(line)
    if not match or (line[match.end(1) :].startswith((")", ">)")) and "(" not in line[: match.start(1)]):
        return ""  # none, or the end of "(expanded from <address>)"
    return tidy(match[1])


def _refused(line: str) -> str:
    match = _REPLIED.match(line)
    return tidy(match[1]) if match else ""


def _announced(line: str) -> Iterator[str]:
    """The addresses that the words before them announce as recipients."""
    for match in _NAMED.finditer(line):
        if not _NOT_RECIPIENT.search(line[max(0, match.start() - 60) : match.start()]):
            yield tidy(match[1])


def _unique(found: Iterable[str], robots: bool = False) -> list[str]:
    """Each address once; a postmaster may be a recipient too, but only where a line opens with it."""
    kept = [address for address in found if address and (not is_robot(address) or (robots and not is_daemon(address)))]
    return list({address.lower(): address for address in reversed(kept)}.values())[::-1][:RECIPIENTS]
