"""The vocabulary of evidence: families, what each is in words, and the shape of an entry.

Decides names only. It never matches anything.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

Entry = tuple[float, str, str] | tuple[float, str, str, str]
"""Weight in log-odds, trigger words, the pattern from the trigger on; perhaps words of which the text must hold one."""


class Family(StrEnum):
    """Kinds of evidence, as codes."""

    OVERRIDE = "override"
    BOUNDARY = "forged_boundary"
    ADDRESSEE = "addressee_shift"
    SECRECY = "secrecy"
    EXFILTRATION = "exfiltration"
    DICTATED = "dictated_mail"
    TOOLS = "tool_orders"
    PERSONA = "persona"
    OUTPUT = "output_control"
    TASK = "out_of_place_task"
    DISGUISE = "disguised_text"
    FLOOD = "token_flood"
    HIDDEN = "hidden_orders"
    WORDING = "order_wording"


WORDS: Final[dict[Family, str]] = {
    Family.OVERRIDE: "tells the reader's software to drop its earlier instructions",
    Family.BOUNDARY: "imitates the markers that separate system, user and assistant messages",
    Family.ADDRESSEE: "speaks to an AI or assistant instead of a person",
    Family.SECRECY: "asks to keep something from the user",
    Family.EXFILTRATION: "asks for secrets, mail or the system prompt to be handed out",
    Family.DICTATED: "asks for a mail to an address that it names, with the words that it is to hold",
    Family.TOOLS: "orders a tool, function or command to be run",
    Family.PERSONA: "assigns the reader a new role or a mode without rules",
    Family.OUTPUT: "dictates what the reader's answer must contain or look like",
    Family.TASK: "sets a task that does not belong in a mail",
    Family.DISGUISE: "carries instructions in encoded or disguised form",
    Family.FLOOD: "repeats a token so often that it may push out other instructions",
    Family.WORDING: "is worded like an order to the reader's software",
    Family.HIDDEN: "holds instructions in text that was hidden from the reader",
}
