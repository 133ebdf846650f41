"""The codes of what can be wrong with a raw mail that is taken all the same.

Decides the vocabulary only.
"""

from __future__ import annotations

from enum import StrEnum


class Defect(StrEnum):
    """A code in `ParsedMail.defects`."""

    FROM_COUNT = "from_count"  # other than exactly one author, over all From fields
    ADDRESS = "address"  # an address field that breaks the grammar
    DATE = "date"  # no Date that can be read
    BARE_CR = "bare_cr"
    NUL = "nul"
    CHARSET_UNKNOWN = "charset_unknown"
    CHARSET_WRONG = "charset_wrong"  # octets that the declared charset does not have
    TRANSFER_UNKNOWN = "transfer_unknown"
    TRANSFER_BROKEN = "transfer_broken"
    PATH_IN_NAME = "path_in_name"  # an attachment named to be written outside its folder
    NAME_DISGUISED = "name_disguised"  # an attachment whose name holds signs that turn its letters round
    FALLBACK = "fallback"  # flanker gave up, the standard library took it
