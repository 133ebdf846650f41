"""The signature under a mail that leaves (DKIM, RFC 6376), rsa-sha256 over relaxed headers and a relaxed body.

Decides what is signed: the headers that a reader or a mail program acts on, those that may stand once counted one time
more than they do, so that none can be added. dkimpy chooses and canonicalizes, OpenSSL signs: dkimpy's own arithmetic
takes twenty times as long. A key there signs, whether its record was seen in DNS or not: an unknown key counts as none.
"""

from __future__ import annotations

import base64
import hashlib
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from dkim import DKIM, select_headers
from dkim.canonicalization import CanonicalizationPolicy

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


def signed(raw: bytes, header_from: str, agent_id: uuid.UUID) -> bytes:
    """The mail with its domain's signature above it; as it is where nobody here holds the domain.

    Raises MasterKeyMissing where the key does not open.
    """
    key = signing_key(header_from.rpartition("@")[2], agent_id)
    return signature(raw, key, header_from) + raw if key else raw


def signature(raw: bytes, key: SigningKey, header_from: str) -> bytes:
    """The ``DKIM-Signature`` header of a mail with CRLF line ends, itself with CRLF; ``i=`` is who wrote it."""
    mail = DKIM(raw)
    policy = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    names = {name.lower() for name, _ in mail.headers}
    chosen = [name for name in (*_ONCE, *_ALSO) if name in names] + list(_ONCE)
    body_hash = base64.b64encode(hashlib.sha256(policy.canonicalize_body(mail.body)).digest())
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
    own = policy.canonicalize_headers([(b"DKIM-Signature", value)])
    canonical = [*select_headers(policy.canonicalize_headers(mail.headers), chosen), *own]
    # Section 3.7: the signature's own header comes last, without its line end.
    octets = b"".join(name + b":" + text for name, text in canonical).removesuffix(b"\r\n")
    made = base64.b64encode(key.private.sign(octets, padding.PKCS1v15(), hashes.SHA256()))
    folded = b"\r\n\t ".join(made[start : start + _LINE] for start in range(0, len(made), _LINE))
    return b"DKIM-Signature:" + value + folded + b"\r\n"


def _identity(address: str) -> bytes:
    """The agent's address, where it needs no encoding (section 2.11); else its domain."""
    local, _, domain = address.lower().rpartition("@")
    is_plain = local.isascii() and not set(local) & set('";=\\ \t()<>,:[]')
    return f"{local if is_plain else ''}@{domain}".encode()
