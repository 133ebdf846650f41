"""Who a mail's author was shown to be: one verdict object for rows, events, rules and people.

Decides the shape only; postbox.screening finds it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from postbox.mail.models import AuthResult, Message


@dataclass(frozen=True, slots=True)
class Authentication:
    """The words of RFC 8601, section 2.7.

    ``aligned_domain`` is the author's domain where DMARC, or without a DMARC record an aligned SPF or DKIM pass,
    vouches for it, else empty. ``arc`` is what the chain says; it is advice.
    """

    spf: str = AuthResult.NONE
    dkim: str = AuthResult.NONE
    dmarc: str = AuthResult.NONE
    aligned_domain: str = ""
    arc: str = AuthResult.NONE


UNKNOWN = Authentication()


def authentication_of(message: Message) -> Authentication:
    """What stands in a message's row."""
    return Authentication(message.spf, message.dkim, message.dmarc, message.aligned_domain, message.arc)
