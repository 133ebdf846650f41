"""Step ``authenticate``: who sent the mail, as far as DNS or a trusted MTA vouches for it, and whether that is enough.

The pipeline has asked DNS about the whole batch before (postbox.screening.auth.asking); a mail that comes here without
is judged now, which waits for DNS.
"""

from __future__ import annotations

from django.conf import settings

from postbox.lib import dns
from postbox.screening.auth.judge import judge
from postbox.screening.auth.results import without_claims
from postbox.screening.auth.ruling import NAME, rule
from postbox.screening.case import Case, Verdict

name = NAME


def check(case: Case) -> Verdict:
    found = case.found or judge(case, dns.shared(settings.POSTBOX_DNS_SERVERS))
    case.authentication = found.authentication
    if case.parsed is not None:
        case.parsed = without_claims(case.parsed, settings.POSTBOX_TRUSTED_AUTHSERV_ID)
    return rule(case.policy, found)
