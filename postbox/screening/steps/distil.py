"""Step ``distil``: the text that a person would see, and what was hidden from one."""

from __future__ import annotations

from postbox.mail.models import Outcome
from postbox.mail.parsed import Distilled, ParsedMail
from postbox.screening.case import Case, Verdict
from postbox.screening.distil import distil_mail

name = "distil"
_SOME_HTML = 4096


def check(case: Case) -> Verdict:
    if case.parsed is None:
        return Verdict(name, Outcome.SKIP, "not_parsed", "There are no parts to read.")
    case.distilled = distil_mail(case.parsed)
    if _shows_nothing(case.parsed, case.distilled):
        reason = f"{len(case.parsed.html)} characters of HTML show a reader nothing at all."
        return Verdict(name, Outcome.QUARANTINE, "nothing_visible", reason)
    if not case.distilled.hidden:
        return Verdict(name, Outcome.PASS, "all_visible", "Nothing was hidden from the reader.")
    kinds = ", ".join(sorted({item.reason for item in case.distilled.hidden}))
    count = len(case.distilled.hidden)
    stretches = "1 stretch of text was" if count == 1 else f"{count} stretches of text were"
    reason = f"{stretches} hidden from the reader: {kinds}."
    return Verdict(name, Outcome.FLAG, "hidden_text", reason)


def _shows_nothing(parsed: ParsedMail, distilled: Distilled) -> bool:
    """HTML of some size without a word, an image or an attachment: it was not written for a reader."""
    shown = distilled.text.strip() or distilled.images or parsed.attachments
    return len(parsed.html) > _SOME_HTML and not shown
