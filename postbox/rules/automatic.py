"""Whether a mail may be answered by a program (RFC 3834, section 2).

Decides from the mail alone, in favour of silence. How often one sender is answered is for outbound to limit.
"""

from __future__ import annotations

import re

from postbox.identity.hops import HEADER, hops_of
from postbox.mail.parsed import ParsedMail
from postbox.screening.case import Case

_RECEIVED = 50
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_LIST = frozenset({"list-id", "list-unsubscribe", "list-post", "x-auto-response-suppress", "x-autoreply"})
_ROBOT = re.compile(
    r"(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|owner-.*|.*-request|.*-bounces?)\Z", re.I
)


def why_not_answered(case: Case) -> str:
    """Why no automatic reply may go out, in words; empty when one may."""
    parsed = case.parsed or ParsedMail()
    if not case.mail_from:
        return "it came with the null return path"
    if _ROBOT.match(case.mail_from.rpartition("@")[0].partition("+")[0]):
        return "its return path belongs to a program"
    if case.mail_from.lower() == case.rcpt_to.lower():
        return "it came from the agent's own address"
    if parsed.header("auto-submitted").partition(";")[0].strip().lower() not in ("", "no"):
        return "it was sent by a program itself"
    if hops_of(parsed.by_name.get(HEADER.lower(), ())):
        return "a rule of an agent here sent it"
    if parsed.header("precedence").strip().lower() in _BULK or not _LIST.isdisjoint(parsed.by_name):
        return "it went to a list, or asks for no automatic answer"
    if parsed.header("content-type").lower().lstrip().startswith("multipart/report"):
        return "it is a report"
    if len(parsed.by_name.get("received", ())) > _RECEIVED:
        return "it has been through too many hands"
    return ""
