"""Gate ``approval``: whether a person has to say yes first.

Decides nothing by itself: each function that ``settings.POSTBOX_APPROVALS`` names is given the attempt, and may give
the words of why a person must look at it.
"""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from outbound.gates.case import Attempt
from postbox.mail.models import Outcome
from postbox.screening.case import Verdict

name = "approval"


def check(attempt: Attempt) -> Verdict:
    for dotted in settings.POSTBOX_APPROVALS:
        if words := import_string(dotted)(attempt):
            return Verdict(name, Outcome.HOLD, "needs_approval", str(words))
    return Verdict(name, Outcome.PASS, "not_needed", "Nobody has to approve it.")
