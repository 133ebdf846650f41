"""What a mail's headers say of its conversation, as keyed hashes.

Decides which names a conversation goes by: Message-IDs (RFC 5322, section 3.6.4), what Outlook writes in Thread-Index
([MS-OXOMSG], section 2.2.1.3), and, for clients that write neither, its subject together with a participant. It never
looks one up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import uuid
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from postbox.lib.envelope import MasterKeys
from postbox.mail.parsed import ParsedMail
from postbox.screening.case import Case

NEAREST = 4  # of the References, those beside the first
PARTICIPANTS = 3
_OUTLOOK_OCTETS = 22  # the header block; what follows is added by each reply
_LEAST_SUBJECT = 3
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,998})>")
# What clients put before the subject of an answer, and of a mail that is sent on, in the languages that were seen.
_REPLY = (
    "re|aw|antw(?:ort)?|sv|vs|ang|odp|ynt|yan|rif|res|ref|atb|bls|pd|vá|απ|σχετ|отв|на|ответ"
    "|回复|回覆|答复|答覆|返信|תגובה|رد"
)
_FORWARD = "fwd?|wg|tr|vb|vl|vid|enc|rv|doorst|i|fs|pr|转发|轉寄|轉發|転送|пересл|הועבר|إعادة توجيه"
_PREFIX = re.compile(
    rf"\s*(?:(?P<reply>{_REPLY})|(?:{_FORWARD}))\s*(?:\[\d{{1,3}}\]|\(\d{{1,3}}\)|\^\d{{1,3}}|\d{{1,3}})?\s*[:：]", re.I
)
_MARKS = re.compile("[:：\\]]")
_TAG = re.compile(r"\s*\[[^\[\]]{1,60}\]")
_PREFIXES = 12
_NAMES = frozenset({"in-reply-to", "thread-index", "list-id"})
_BLOCK = 64  # octets, of SHA-256
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}

# A UUID of the custom kind (RFC 9562, section 5.8) as 32 hexadecimal digits; empty where there is no such name. A mail
# has half a dozen, and making and sending objects for them cost more than hashing them.
Key = str


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of a mail's conversation: ``near`` those of mails it follows, the nearest first."""

    near: tuple[Key, ...]
    own: Key
    root: Key
    outlook: Key
    asked: tuple[Key, ...]
    told: tuple[Key, ...]

    def all(self) -> list[Key]:
        """Every name by which it may be known."""
        others = [key for key in (self.own, self.outlook) if key]
        return [*self.near, *others, *self.asked]


def keys_of(case: Case) -> Keys:
    """The names, hashed for the case's agent. The mail must be parsed."""
    parsed = case.parsed or ParsedMail()
    references = list(dict.fromkeys(parsed.references))
    headers = _headers(parsed)
    answered = list(dict.fromkeys(_MESSAGE_ID.findall(headers.get("in-reply-to", ""))))
    answered = answered or ([parsed.in_reply_to] if parsed.in_reply_to else [])
    far = references[:1] if len(references) > NEAREST else []
    names = dict.fromkeys(_bare(name) for name in [*answered[:NEAREST], *reversed(references[-NEAREST:]), *far])
    own, outlook = _bare(parsed.message_id), _outlook(headers.get("thread-index", ""))
    names.pop(own, None)
    root = _bare(next(iter(references), "") or next(iter(answered), "")) or own
    hashed = _Hash(case.agent_id)
    subject, is_reply = plain_subject(parsed.subject)
    writers = _writers(parsed, headers.get("list-id", ""))
    told = _participants(case, parsed, writers) if len(subject) >= _LEAST_SUBJECT else []
    asked = [name for name in told if name in writers] if is_reply else []
    subjects = {name: hashed("subject", f"{name}|{subject}") for name in told}
    return Keys(
        near=tuple(hashed("id", name) for name in names if name),
        own=hashed("id", own) if own else "",
        root=hashed("id", root) if root else hashed("outlook", outlook or case.id.hex),
        outlook=hashed("outlook", outlook) if outlook else "",
        asked=tuple(subjects[name] for name in asked),
        told=tuple(subjects.values()),
    )


def name_key(agent_id: uuid.UUID, message_id: str) -> Key:
    """The hashed name that a Message-ID is for an agent's conversations."""
    return _Hash(agent_id)("id", _bare(message_id))


def plain_subject(subject: str) -> tuple[str, bool]:
    """The subject without what clients put before it, folded; and whether it says that this is an answer."""
    rest, is_reply = subject[:500], False
    for _ in range(_PREFIXES):
        if not _MARKS.search(rest):
            break
        if found := _PREFIX.match(rest):
            is_reply = is_reply or found["reply"] is not None
        else:
            found = _TAG.match(rest)
        if not found:
            break
        rest = rest[found.end() :]
    return " ".join(rest.split()).casefold(), is_reply


def _headers(parsed: ParsedMail) -> dict[str, str]:
    """The first of each header that says anything here."""
    given = parsed.by_name
    return {name: given[name][0] for name in _NAMES if name in given}


def _participants(case: Case, parsed: ParsedMail, writers: list[str]) -> list[str]:
    """Who writes, the list, and who is written to, without the agent itself."""
    boxes = [box.address.lower() for box in (*parsed.to, *parsed.cc)[: 2 * PARTICIPANTS]]
    own = case.rcpt_to.lower()
    names = dict.fromkeys([*writers, *(address for address in boxes if address != own)])
    return list(names)[:PARTICIPANTS]


def _writers(parsed: ParsedMail, list_id: str) -> list[str]:
    names = [box.address.lower() for box in parsed.from_[:1]]
    found = _MESSAGE_ID.search(list_id)
    return [*names, found[1].lower()] if found else names


def _outlook(value: str) -> str:
    if not value:
        return ""
    try:
        block = base64.b64decode(value.strip()[:64], validate=True)[:_OUTLOOK_OCTETS]
    except (binascii.Error, ValueError):
        return ""
    return block.hex() if len(block) == _OUTLOOK_OCTETS else ""


def _bare(name: str) -> str:
    return name.strip().strip("<>")


@lru_cache(4)
def _begun(keys: MasterKeys) -> tuple[hashlib._Hash, hashlib._Hash]:
    """HMAC-SHA256 (RFC 2104) with its key taken in: the inner hash and the outer one, to be copied for each name.

    Half of what hmac.digest takes.
    """
    secret = keys.derive("thread").ljust(_BLOCK, b"\0")
    inner, outer = (hashlib.sha256(bytes(octet ^ pad for octet in secret)) for pad in (0x36, 0x5C))
    return inner, outer


class _Hash:
    def __init__(self, agent_id: uuid.UUID) -> None:
        self._inner, self._outer = _begun(settings.POSTBOX_MASTER_KEYS)
        self._agent = agent_id.hex

    def __call__(self, kind: str, name: str) -> Key:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{self._agent}|{kind}|{name}".encode("utf-8", "replace"))
        outer.update(inner.digest())
        digits = outer.hexdigest()
        return f"{digits[:12]}8{digits[13:16]}{_VARIANT[digits[16]]}{digits[17:32]}"
