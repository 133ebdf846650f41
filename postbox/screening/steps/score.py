"""Step ``score``: how much the mail reads like an order to the software that reads it."""

from __future__ import annotations

from postbox.mail.models import Outcome
from postbox.screening.case import Case, Verdict
from postbox.screening.injection import QUARANTINE_ABOVE, detect_prompt_injection, is_quarantined
from postbox.screening.model.weights import shipped

name = "score"
shipped()  # with this module, so that processes forked later share it


def check(case: Case) -> Verdict:
    if case.parsed is None:
        return Verdict(name, Outcome.SKIP, "not_parsed", "There is no text to score.")
    text = f"{case.parsed.subject}\n\n{case.distilled.text}"
    case.score = detect_prompt_injection(text, case.distilled.hidden)
    words = "; ".join(reason.words for reason in case.score.reasons)
    if is_quarantined(case.score.score):
        reason = f"Scored {case.score.score:.2f}, above {QUARANTINE_ABOVE}: {words}."
        return Verdict(name, Outcome.QUARANTINE, "prompt_injection", reason)
    if words:
        return Verdict(name, Outcome.FLAG, "suspicious", f"Scored {case.score.score:.2f}: {words}.")
    return Verdict(name, Outcome.PASS, "clean", f"Scored {case.score.score:.2f}.")
