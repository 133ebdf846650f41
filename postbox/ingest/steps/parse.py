"""Step ``parse``: raw octets to decoded parts, within the limits. What cannot be parsed stays stored, quarantined."""

from __future__ import annotations

from postbox.ingest.defects import Defect
from postbox.ingest.limits import LimitExceeded
from postbox.ingest.mime import Unparsable, parse_whole
from postbox.mail.models import Outcome
from postbox.screening.case import Case, Verdict

name = "parse"


def check(case: Case) -> Verdict:
    try:
        case.parsed, case.files = parse_whole(case.raw)
    except (LimitExceeded, Unparsable) as error:
        return Verdict(name, Outcome.QUARANTINE, error.code, error.message)
    if Defect.PATH_IN_NAME in case.parsed.defects:
        reason = "An attachment is named as a path that leaves its folder; no honest program writes such a name."
        return Verdict(name, Outcome.QUARANTINE, Defect.PATH_IN_NAME, reason)
    if case.parsed.defects:
        return Verdict(name, Outcome.FLAG, "defects", f"Parsed in spite of: {', '.join(case.parsed.defects)}.")
    return Verdict(name, Outcome.PASS, "parsed", "Parsed.")
