"""The signature under a mail that leaves (DKIM, RFC 6376), rsa-sha256 over relaxed headers and a relaxed body.

Decides what is signed: the headers that a reader or a mail program acts on, those that may stand once counted one time
more than they do, so that none can be added. A key there signs, whether its record was seen in DNS or not: an unknown
key counts as none. Tests have dkimpy verify it; to have dkimpy sign would take several times as long.
"""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from postbox.identity.domain.dkim import SigningKey, signing_key
from postbox.lib import clock

_ONCE = (b"from", b"to", b"cc", b"subject", b"date", b"reply-to")
_ALSO = (
    b"message-id",
    b"in-reply-to",
    b"references",
    b"auto-submitted",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
)
_LINE = 72
_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_BLANKS = re.compile(rb"[ \t]{2,}|\t")


def signed(raw: bytes, header_from: str, agent_id: uuid.UUID) -> bytes:
    """The mail with its domain's signature above it; as it is where nobody here holds the domain.

    Raises MasterKeyMissing where the key does not open.
    """
    key = signing_key(header_from.rpartition("@")[2], agent_id)
    return signature(raw, key, header_from) + raw if key else raw


def signature(raw: bytes, key: SigningKey, header_from: str) -> bytes:
    """The ``DKIM-Signature`` header of a mail with CRLF line ends, itself with CRLF; ``i=`` is who wrote it."""
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = [_relaxed(field) for field in _FIELD_END.split(head)]
    names = {name for name, _ in fields}
    chosen = [name for name in (*_ONCE, *_ALSO) if name in names] + list(_ONCE)
    body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest())
    tags = (
        b"v=1",
        b"a=rsa-sha256",
        b"c=relaxed/relaxed",
        b"d=" + key.domain.encode(),
        b"i=" + _identity(header_from),
        b"s=" + key.selector.encode(),
        b"t=%d" % clock.now().timestamp(),
        b"h=" + b":\r\n\t ".join(b":".join(chosen[start : start + 5]) for start in range(0, len(chosen), 5)),
        b"bh=" + body_hash,
        b"b=",
    )
    value = b" " + b";\r\n\t".join(tags)
    # Section 3.7: the signature's own header comes last, without its line end.
    own = b":".join(_relaxed(b"DKIM-Signature:" + value))
    octets = b"".join([b"%b:%b\r\n" % field for field in _selected(fields, chosen)]) + own
    made = base64.b64encode(key.private.sign(octets, padding.PKCS1v15(), hashes.SHA256()))
    folded = b"\r\n\t ".join(made[start : start + _LINE] for start in range(0, len(made), _LINE))
    return b"DKIM-Signature:" + value + folded + b"\r\n"


def _selected(fields: Sequence[tuple[bytes, bytes]], chosen: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """The fields that are signed: of those of one name the last first; a name without another is none (5.4.2)."""
    left: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        left.setdefault(name, []).append(value)
    return [(name, left[name].pop()) for name in chosen if left.get(name)]


def _relaxed(field: bytes) -> tuple[bytes, bytes]:
    """A header's name and its value, in their canonical form without the line end (section 3.4.2)."""
    name, _, folded = field.partition(b":")
    value = folded.replace(b"\r\n", b"").replace(b"\t", b" ").strip(b" ")
    return name.lower().rstrip(b" \t"), _BLANKS.sub(b" ", value) if b"  " in value else value


def _relaxed_body(body: bytes) -> bytes:
    """Section 3.4.4. Every line of ours ends with CRLF."""
    lines = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n")
    end = len(lines)
    while lines.endswith(b"\r\n", 0, end):
        end -= 2
    return lines[:end] + b"\r\n" if end else b""


def _identity(address: str) -> bytes:
    """The agent's address, where it needs no encoding (section 2.11); else its domain."""
    local, _, domain = address.lower().rpartition("@")
    is_plain = local.isascii() and not set(local) & set('";=\\ \t()<>,:[]')
    return f"{local if is_plain else ''}@{domain}".encode()
