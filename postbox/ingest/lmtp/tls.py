"""TLS at the LMTP and the SMTP door: STARTTLS (RFC 3207), of version 1.2 or better.

Decides what is offered and whether mail is taken without it. The certificate is read when the door starts.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Tls:
    """What a connection may be wrapped in; None: STARTTLS is not offered."""

    context: ssl.SSLContext | None = None
    required: bool = False


NO_TLS = Tls()


def of(certificate: Path, key: Path, *, required: bool = False) -> Tls:
    """TLS by a certificate, with its chain, and its key, in PEM. Raises OSError, which ssl.SSLError is, naming them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise OSError(f"TLS cannot be offered by {certificate} and {key}: {error}") from error
    return Tls(context, required)


def of_settings() -> Tls:
    """As the settings have it."""
    if not settings.POSTBOX_LMTP_TLS_CERT:
        return NO_TLS
    certificate, key = Path(settings.POSTBOX_LMTP_TLS_CERT), Path(settings.POSTBOX_LMTP_TLS_KEY)
    return of(certificate, key, required=settings.POSTBOX_LMTP_REQUIRE_TLS)
