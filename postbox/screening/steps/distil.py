"""Step ``distil``: the text that a person would see, what was hidden from one, and what misleads."""

from __future__ import annotations

from postbox.mail.models import Outcome
from postbox.mail.parsed import Distilled, ParsedMail
from postbox.screening.case import Case, Verdict
from postbox.screening.distil import distil_mail
from postbox.screening.distilling.reasons import Note
from postbox.screening.reading import annotated

name = "distil"
_SOME_HTML = 4096


def check(case: Case) -> Verdict:
    if case.parsed is None:
        return Verdict(name, Outcome.SKIP, "not_parsed", "There are no parts to read.")
    case.distilled = annotated(case.parsed, distil_mail(case.parsed))
    if _shows_nothing(case.parsed, case.distilled):
        reason = f"{len(case.parsed.html)} characters of HTML show a reader nothing at all."
        return Verdict(name, Outcome.QUARANTINE, "nothing_visible", reason)
    found = _found(case.distilled)
    if not found:
        return Verdict(name, Outcome.PASS, "all_visible", "Nothing was hidden from the reader.")
    return Verdict(name, Outcome.FLAG, next(iter(found)), " ".join(found.values()))


def _found(distilled: Distilled) -> dict[str, str]:
    """Codes and words of what a reader should know, the gravest first."""
    found = {}
    if Note.ALTERNATIVE_MISMATCH in distilled.notes:
        found["alternative_mismatch"] = "The plain text part says what the HTML part does not show."
    if distilled.hidden:
        kinds = ", ".join(sorted({item.reason for item in distilled.hidden}))
        stretches = _count(len(distilled.hidden), "stretch of text was", "stretches of text were")
        found["hidden_text"] = f"{stretches} hidden from the reader: {kinds}."
    if misleading := sum(link.mismatch for link in distilled.links):
        goes = _count(misleading, "link shows one address and goes", "links show one address and go")
        found["link_mismatch"] = f"{goes} to another."
    return found


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _shows_nothing(parsed: ParsedMail, distilled: Distilled) -> bool:
    """HTML of some size without a word, an image or an attachment: it was not written for a reader."""
    shown = distilled.text.strip() or distilled.images or parsed.attachments
    return len(parsed.html) > _SOME_HTML and not shown
