"""English wording of override, forged boundaries and addressee shift.

Decides wording only: entries of weight, trigger words, the pattern from the trigger on, and needed words (see
``rules``).
"""

from __future__ import annotations

from typing import Final

from postbox.screening.evidence.families import Entry, Family

DROP = "ignore disregard forget override overrule bypass discard abandon dismiss neglect ignoring disregarding erase"

_OVERRIDE: Final[tuple[Entry, ...]] = (
    (6.2, DROP,
        r"\w+\s+(?:about\s+)?(?:<GAP>\b)?<PRIOR>\s*(?:[^.!?]{0,30}?\s)?<ORDERS>"),
    (5.6, DROP,
        r"\w+\s+(?:<GAP>\b)?<ORDERS>[^.!?]{0,30}?\b(?:above|before|prior|previous|so far|given|received"
        r"|you)\b"),
    (5.6, DROP,
        r"\w+\s+(?:about\s+)?(?:everything|anything|all|whatever)\s+(?:that\s+)?(?:<GAP>)?\b(?:above"
        r"|before|prior|previous\w*|said|told|written|else|up to)\b(?!\s+(?:e-?mails?|messages?|mails?"
        "|posts?|letters?|notices?|correspondence))"),
    (4.6, DROP,
        r"\w+\s+(?:the\s+|these\s+|those\s+)?(?:instructions|directives|guidelines)\b(?!\s+(?:below"
        r"|in\s+the|for))"),
    (5.0, DROP,
        r"\w+\s+(?:about\s+)?(?:everything(?!\s+you\s+(?:know|knew|thought|have\s+learn|learn))"
        r"|all of (?:that|this))\b"),
    (1.9, DROP,
        r"\w+\s+(?:your|all (?:the )?(?:other )?text)\b"),
    (5.6, DROP,
        r"\w+\s+all\s+(?:other\s+)?text\s+(?:except|before|above|and\s+(?:print|say|output))\b"),
    (2.2, DROP,
        r"\w+\s+(?:<GAP>\b)?(?:the\s+above|previous|prior|above)\b"),
    (3.4, "instead",
        r"instead,?\s+(?:of\s+<GAP>,\s*)?(?:you\s+(?:must|should|will|are)|print|output|respond|answer"
        r"|say)\b"),
    (4.4, "despite deviating notwithstanding contrary regardless",
        r"\w+\s+(?:of\s+|from\s+|to\s+)?(?:what\s+you|(?:<GAP>)?(?:previous|prior|above|your)\s+<ORDERS>)"),
    (3.0, "instructions directives guidelines rules",
        r"\w+\s+(?:<GAP>\b)?(?:are|is|have been|were|has)\s+(?:now\s+)?(?:over|void|updated|changed"
        r"|cancell?ed|outdated|obsolete|revoked|invalid|suspended|lifted|null|overridden|superseded)\b"),
    (4.0, "stop",
        r"stop\b[\s,.!:-]{1,6}(?:following|obeying|processing|what you are doing|being|write|print|say"
        r"|your)\b"),
    (4.6, "end begin start",
        r"\w+\s+(?:of\s+)?(?:untrusted\s+|the\s+)?(?:user|sample|prompt|untrusted)\s+(?:input|message"
        r"|query|data|prompt)\b"),
    (2.6, "end",
        r"end\s+of\s+(?:the\s+)?(?:user\s+input|instructions|system|prompt|context|document|email|input"
        r"|data)\b"),
)  # fmt: skip

_BOUNDARY: Final[tuple[Entry, ...]] = (
    (6.2, "im_start im_end endoftext begin_of_text start_header_id end_header_id eot_id endofprompt",
        r"\w+"),
    (5.8, "inst sys",
        r"(?<=[\[</])(?:inst\]|sys>)"),
    (4.0, "system assistant user human",
        r"(?<=<\|)\w+(?=\|>)|(?<=<)\w+(?=>)|(?<=</)\w+(?=>)|(?<=\[)\w+(?=\])|(?<=\{\{#)\w+"),
    (2.2, "system",
        r"(?:(?<=[\n>*#])|(?<=[.!?\"'] )|\A)\s{0,2}\w+\s{0,2}(?:message|prompt|note|override"
        r"|instructions?)?\s{0,2}:"),
    (3.0, "assistant human ai",
        r"(?:(?<=[\n>*#])|(?<=[.!?\"'] )|\A)\s{0,2}\w+\s{0,2}(?:message|prompt|note|override"
        r"|instructions?)?\s{0,2}:"),
    (4.4, "system",
        r"system\s*[-:_ ]?\s*(?:prompt|override|instructions?|directives?|notice to|alert to|command)\b"),
    (4.8, "begin end start",
        r"\w+\s+(?:of\s+)?(?:new\s+|system\s+|out of date\s+|updated\s+|admin\s+){1,3}<ORDERS>"),
    (3.4, "instruction instructions task prompt",
        r"(?<=[#\n*\[<])\s{0,2}(?:new\s+)?\w+\s{0,2}[:\]>]"),
    (5.0, "information important",
        "(?<=<)(?:information|important)(?=>)"),
    (3.0, "prompt",
        r"(?:prompt)\s*(?:injection|_text|text|engineering\s+instructions)\b"),
    (3.2, "admin administrator developer",
        r"\w+\s*(?:mode|message|override|instructions?|note)\s*[:\]]"),
)  # fmt: skip

_ADDRESSEE: Final[tuple[Entry, ...]] = (
    (5.6, "if",
        r"if\s+you(?:'re|\s+are)\s+(?:an?\s+|the\s+)?(?:\w+\s+){0,3}?<AI>",
        "AI"),
    (5.2, "dear hello hi hey attention note message instructions instruction notice important",
        r"\w+\s*[,:]?\s*(?:to|for)?\s*(?:the\s+|all\s+|any\s+|an\s+|you,?\s+)?(?:\w+\s+)?(?:a\.?i\.?"
        r"|llms?|language models?|chatgpt|gpt-?\d?|claude|copilot|(?:ai|email|mail|virtual|automated"
        r"|digital) (?:assistant|agent|model)s?|assistant(?=\s*[,.:;!?—-]|\s+(?:please|kindly|you)\b))\b",
        "AI"),
    (4.6, "you",
        r"you\s+are\s+(?:now\s+)?(?:an?|the|no longer|going to be|my)\s+(?:<GAP>\b)?(?:a\.?i\b|assistant"
        r"|chat ?bot|bot|language model|model|interpreter|terminal|console|chatgpt|gpt\w*|agent named"
        "|protector|linux)",
        "AI"),
    (2.8, "you",
        r"you\s+are\s+now\s+(?!(?:subscribed|registered|logged|signed|able|enrolled|ready|eligible"
        "|entitled|receiving|connected|a (?:member|subscriber|registered)|on |in |being |using |leaving "
        r"|entering |\w+ed\b))"),
    (3.0, "as",
        r"as\s+(?:an?|the)\s+(?:\w+\s+)?(?:ai\s+(?:system|agent|model|assistant)|ai|language model"
        r"|assistant|llm|chat ?bot)\b",
        "AI"),
    (5.6, "when while before after upon",
        r"\w+\s+(?:you\s+(?:are\s+)?)?(?:summari[sz]\w+|process\w*|analy[sz]\w+|pars\w+|translat\w+)"
        r"\s+(?:to\s+)?(?:this|the|these|any)\s+(?:e-?mail|message|text|document|page|content|thread)"
        r"s?\b[^.!?]{0,60}?\b(?:include|add|insert|mention|state|say|write|append|tell|also|you\s+must"
        r"|always|recommend|send|forward|first|do not|never)\b",
        "summarizing summarising summarize summarise summary process processing analyzing analysing"
        " analyze parse parsing translate translating"),
    (4.6, "when if whenever",
        r"\w+\s+(?:the\s+|a\s+|your\s+)user\s+(?:asks|says|requests|enters|wants|types|inquires|queries)",
        "USER"),
    (4.4, "before",
        r"before\s+you\s+(?:can\s+)?(?:solve|answer|respond|complete|continue|finish|proceed with"
        r"|summari[sz]e)\b<GAP>\b(?:task|user|request|question|me|do|email|query|first)\b"),
    (3.4, "chatgpt gpt openai",
        r"\w+\s*[,:]?\s+(?:you|please|must|should|will|with|are|is going|act|from now)\b"),
    (1.0, "ai llm chatgpt gpt chatbot openai",
        r"\w+"),
)  # fmt: skip

RULES: Final = {
    Family.OVERRIDE: _OVERRIDE,
    Family.BOUNDARY: _BOUNDARY,
    Family.ADDRESSEE: _ADDRESSEE,
}
