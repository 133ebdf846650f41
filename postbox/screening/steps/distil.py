"""Step ``distil``: the text that a person would see, and what was hidden from one."""

from __future__ import annotations

from postbox.mail.models import Outcome
from postbox.screening.case import Case, Verdict
from postbox.screening.distil import distil_mail

name = "distil"


def check(case: Case) -> Verdict:
    if case.parsed is None:
        return Verdict(name, Outcome.SKIP, "not_parsed", "There are no parts to read.")
    case.distilled = distil_mail(case.parsed)
    if not case.distilled.hidden:
        return Verdict(name, Outcome.PASS, "all_visible", "Nothing was hidden from the reader.")
    kinds = ", ".join(sorted({item.reason for item in case.distilled.hidden}))
    count = len(case.distilled.hidden)
    return Verdict(name, Outcome.FLAG, "hidden_text", f"{count} stretches of text were hidden from the reader: {kinds}.")
