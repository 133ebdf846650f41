"""What a mail that answers one of ours says about one recipient.

Decides the shape alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """``none`` is a mail that reports no failure: a delivery that went well, or none of all this."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Bounce:
    """One recipient of a report.

    ``recipient`` is empty where the mail is a report but names nobody. ``status`` is an enhanced status code
    (RFC 3463) or empty, ``reply`` the three digits of an SMTP reply or empty, ``reason`` a word of `reasons.Reason`.
    ``action`` is the report's own (RFC 3464, section 2.3.3); of a complaint, its feedback type (RFC 5965). ``detail``
    is the words it was told from, cut. ``original_message_id`` (without brackets) and ``original_to`` are those of the
    returned mail, ``envelope_from`` is its return path; each is empty where the report does not show it.
    """

    kind: Kind
    recipient: str = ""
    hard: bool = False
    status: str = ""
    reply: str = ""
    reason: str = ""
    action: str = ""
    detail: str = ""
    original_message_id: str = ""
    original_to: str = ""
    envelope_from: str = ""
