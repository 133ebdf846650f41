"""English wording of secrecy, exfiltration, tool orders and personas.

Decides wording only: entries of weight, trigger words, the pattern from the trigger on, and needed words (see
``rules``).
"""

from __future__ import annotations

from typing import Final

from postbox.screening.evidence.families import Entry, Family

_SECRECY: Final[tuple[Entry, ...]] = (
    (4.6, "not never don without dont",
        r"(?:not|never|don.?t|without)\s+(?:\w+\s+){0,2}?(?:tell\w*|inform\w*|mention\w*|reveal\w*"
        r"|alert\w*|notify\w*|notifi\w*|disclos\w*|ask\w*|show\w*|let\w*|warn\w*|say\w*)\s+(?:<GAP>\b)"
        r"?(?:the\s+user|user'?s?)\b",
        "USER"),
    (2.2, "not never don dont",
        r"(?:not|never|don.?t)\s+(?:\w+\s+){0,1}?(?:mention|reveal|disclose|acknowledge|explain|discuss)"
        r"\s+(?:this|these|that|the|any|your|it|anything)\b[^.!?]{0,30}?\b(?:instructions?|message"
        r"|request|step|task|rules|prompt|to anyone|action|why|email)\b"),
    (2.0, "tell", r"tell\s+(?:nobody|no\s?one)\b"),
    (2.4, "silently secretly covertly",
        r"\w+\s+(?:\w+\s+)?(?:send|forward|delete|add|execute|run|perform|do|include|copy|share|transfer)"),
)  # fmt: skip

_EXFILTRATION: Final[tuple[Entry, ...]] = (
    (6.0, "reveal show print repeat output display tell give share leak expose disclose list return state"
        " write what send recite",
        r"\w+\s+(?:\w+\s+){0,3}?(?:your|the|all|these|all the|initial|hidden|secret|full)\s+(?:\w+\s+)"
        r"{0,2}?(?:system\s+prompt|prompt texts?|initial prompt|hidden instructions?|system message"
        r"|prompts|instructions\s+(?:so far|above|you|verbatim|in full|that|word)|secret (?:key|code|word"
        "|password|instructions?|phrase)|access code|previous instructions)"),
    (4.6, "send forward email e-mail post upload transmit share export leak exfiltrate copy deliver",
        r"[\w-]+\s+(?:(?!this\b|us\b)\w+\s+){0,5}?(?:all|every|any|the user'?s?|his|her|their|user'?s?"
        r"|contents? of|list of|latest|last|recent|most recent|the)\b<GAP>\b<DATA><GAP>\bto\s*:?\s*(?:the"
        r"\s+)?(?:\w+\s+){0,4}?<ADDRESS>"),
    (4.0, "forward",
        r"forward\s+(?:all|every|any|each|the (?:latest|last|entire|following)|them|everything)"
        r"\b<GAP>\bto\b"),
    (4.4, "bcc cc",
        r"b?cc\s+(?:all|every|each|any)\b<GAP>\b(?:e-?mails?|messages|replies|responses)\b"),
    (3.6, "passwords credentials password secrets keys tokens",
        r"\w+\s+(?:<GAP>\b)?to\s+(?:the\s+(?:following|address)\s+)?<ADDRESS>"),
)  # fmt: skip

_TOOLS: Final[tuple[Entry, ...]] = (
    (5.6, "call invoke execute trigger calling make use using",
        r"\w+\s+(?:the\s+|your\s+|a\s+|an\s+|this\s+|following\s+){0,3}[`'\"]?(?:\w+[_ ]){0,2}?(?:e-?mail"
        r"|mail|send|calendar|contacts?|banking|payment|memory|search_\w+|send_\w+|\w+_e-?mail)"
        r"\w*[`'\"]?\s+(?:tool|function|api|plugin|tool ?call|function ?call|action)s?\b",
        "tool function api plugin tools functions action"),
    (2.8, "call invoke",
        r"\w+\s+(?:the\s+|your\s+|a\s+|this\s+|following\s+){0,2}(?:\w+[_ ]){0,3}?(?:tool|function|api"
        r"|plugin)s?\b(?:[^.!?]{0,60}?\b(?:to|with)\b)",
        "tool function api plugin"),
    (2.4, "call use invoke execute run trigger",
        r"\w+\s+(?:the\s+)?[`'\"]?[a-z]{2,20}(?:_[a-z]{2,20}){1,4}\b"),
    (5.4, "tool_call tool_calls function_call function_calls tool_use tool_code",
        r"\w+"),
    (4.6, "send_email sendemail send_mail read_email delete_email forward_email search_emails send_money"
        " send_message get_emails read_file delete_file send_direct_message",
        r"\w+"),
    (3.6, "delete erase remove",
        r"\w+\s+(?:both\s+)?(?:the\s+|this\s+|that\s+)(?:\w+\s+){0,3}?e-?mails?\b[^.!?]{0,60}?\b(?:afterwa"
        r"rds?|from\s+(?:my|the|your)\s+inbox|after|once|so\s+that)\b"),
    (2.2, "send dispatch make write",
        r"\w+\s+an?\s+e-?mail\s+to\s+<ADDRESS>(?:[^!?]{0,60}?\b)(?:body|message|content|text)"
        r"\b(?!\s*(?:of)?\W{0,3}\s*(?:un)?subscribe)"),
    (3.4, "use",
        r"use\s+(?:the|your|a)\s+(?:\w+\s+)?(?:tool|api|function)s?\s+to\s+(?:e-?mail|send|forward|delete"
        r"|transfer|post)\b"),
    (4.4, "transfer wire pay send remit",  # a sum, as the sentence's first word and with no "please"
        r"(?<![a-z\d,]\s)\w+\s+(?:[^.!?]|\.\d){0,20}?\d(?:[^.!?]|\.\d){0,40}?\bto\s+(?!our\b)(?:[\w']+\s+){0,4}?"
        r"(?:iban:?\s+)?[a-z]{2}\d{2}[a-z0-9]{10,30}\b"),
    (2.8, "transfer wire pay send remit",
        r"\w+\s+(?:[^.!?]|\.\d){0,60}?\bto\s+(?!our\b)(?:[\w']+\s+){0,4}?(?:iban:?\s+)?[a-z]{2}\d{2}[a-z0-9]{10,30}\b"),
    (2.0, "call invoke",
        r"\w+\s+(?:the|your)\s+(?:\w+\s+)?(?:api|tool|function)\b",
        "api tool function"),
    (3.2, "execute run",
        r"\w+\s+(?:the\s+|this\s+|following\s+|a\s+){0,3}(?:command|code|script|query|program|shell)"
        r"\b(?:[^.!?\n]{0,20}?:)"),
    (3.6, "tool function action api",
        r"(?<=\")\w+\"\s*:\s*[\"{\[]"),
    (3.8, "delete remove erase archive",
        r"\w+\s+(?:all|every|the user'?s?)\s+(?:of\s+)?(?:\w+\s+){0,3}?(?:e-?mails|messages|files|events"
        r"|inbox|calendar|contacts|records|backups)\b"),
)  # fmt: skip

_PERSONA: Final[tuple[Entry, ...]] = (
    (5.4, "want would need like",
        r"\w+\s+(?:for\s+)?you\s+to\s+(?:act|pretend|role-?play|behave|respond|simulate|answer|reply"
        r"|imagine)\b"),
    (3.6, "act behave",
        r"\w+\s+(?:as|like)\s+(?:if\s+you|an?\s|the\s|my\s|your\s|though\s+you)"),
    (4.2, "pretend",
        r"\w+\s+(?:to\s+be|you|that\s+you|we)\b"),
    (4.0, "imagine",
        r"imagine\s+(?:that\s+)?you\s+are\s+(?:an?|the|my)\b"),
    (4.0, "free without bound freed",
        r"\w+\s+(?:of|from|by|any)\s+(?:all\s+|any\s+|the\s+)?(?:\w+\s+){0,4}?(?:restrictions|filters?"
        r"|guidelines|limitations|policies|ethics|morals|rules)\b",
        "ai chatgpt openai language assistant chatbot prompt model respond response responses"),
    (2.2, "unethical immoral amoral unfiltered hypothetical fictional uncensored",
        r"\w+",
        "ai chatgpt openai prompt respond response responses character chatbot model"),
    (4.4, "from",
        r"from\s+(?:now\s+on|this\s+(?:moment|point)\s+(?:on|forward)?),?\s+(?:you|respond|answer|only"
        r"|always|never|act|your|every|all)\b",
        "now moment point"),
    (5.2, "jailbreak jailbroken jailbreaking",
        r"\w+"),
    (4.4, "anything",
        r"anything\s+now\b(?=[^\w]{0,3}(?:\W|dan|and|which|as|with))",
        "dan do"),
    (4.4, "developer dan god debug unrestricted",
        r"\w+\s+mode\b(?!\s+(?:bits?|switch))"),
    (3.2, "unfiltered amoral uncensored unrestricted",
        r"\w+\s+(?:and\s+\w+\s+)?(?:ai|chat ?bot|bot|response|language|assistant|persona|mode|version"
        "|answers?|character)"),
    (3.6, "stay remain break",
        r"\w+\s+(?:in\s+|your\s+)?character\b"),
    (3.4, "you",
        r"you\s+(?:will|must|shall|are\s+(?:to|going\s+to|required\s+to))\s+(?:now\s+|only\s+|always\s+"
        r"|not\s+|never\s+)?(?:respond|answer|reply|output|say|obey|comply|print|simulate|act|roleplay"
        r"|pretend|impersonate|generate)\b",
        "respond answer reply output say obey comply print simulate act roleplay pretend impersonate"
        " generate"),
    (3.0, "simulate simulation roleplay role-play",
        r"[\w-]+\s+(?:a|an|is|the|as|of)\b"),
)  # fmt: skip

RULES: Final = {
    Family.SECRECY: _SECRECY,
    Family.EXFILTRATION: _EXFILTRATION,
    Family.TOOLS: _TOOLS,
    Family.PERSONA: _PERSONA,
}
