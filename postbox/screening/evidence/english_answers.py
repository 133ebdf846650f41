"""English wording of dictated answers and of tasks that do not belong in a mail.

Decides wording only: entries of weight, trigger words, the pattern from the trigger on, and needed words (see
``rules``).
"""

from __future__ import annotations

from typing import Final

from postbox.screening.evidence.families import Entry, Family

_OUTPUT: Final[tuple[Entry, ...]] = (
    (6.0, "augment enhance modify supplement alter amend adjust",
        r"\w+\s+your\s+<ANSWER>",
        "ANSWER"),
    (4.0, "augment enhance",
        r"\w+\s+(?:the|its)\s+<ANSWER>",
        "ANSWER"),
    (6.0, "add include insert integrate incorporate embed append put place introduce weave",
        r"\w+\s+(?!(?:your|his|her|a\s+copy|this|our|any|all|order|account|name|full|both|details|my"
        r"|these|that)\b)(?:[^.?]|\.\w){1,160}?\s+(?:in|into|to|at the end of|within|throughout)"
        r"\s+your\s+(?:\w+\s+)?<ANSWER>(?!\s*(?:form|card|to this|by|if))",
        "ANSWER"),
    (5.6, "in",
        r"in\s+your\s+(?:\w+\s+)?(?:response|answer|output|summary)s?\s*,\s*(?!please|be sure)\w+",
        "ANSWER"),
    (5.8, "replace substitute scramble jumble rearrange misspell convert anagram group combine remove swap"
        " reverse encode use mix shuffle transform write insert omit capitalize",
        r"\w+\s+(?:[^.!?]{0,50}?\b)?(?:letters?|words?|vowels?|spaces?|typos|punctuation|symbols"
        r"|characters|anagrams?|numbers|consonants|misspellings|alphanumeric)\b(?:[^.!?]{0,50}?\b)"
        r"(?:your\s+(?:\w+\s+)?(?:<ANSWER>|message|text|words|sentences))",
        "LETTERS"),
    (5.4, "provide render deliver give format present produce generate",
        r"\w+\s+your\s+(?:entire\s+|whole\s+|full\s+)?(?:reply|response|answer|message|output)s?\s+(?:in"
        r"|using|with|without|as|backwards?|entirely|only)\s+(?!writing|the\s+(?:box|form|space)|your|our"
        r"|the\b)",
        "ANSWER message"),
    (4.6, "respond reply answer print output say return",
        r"\w+\s+(?:only|exactly|just|solely|nothing\s+but|strictly)\s+(?:with|the|in|as|by|\"|'|“|«)"),
    (3.6, "say print output write repeat return",
        r"\w+\s*:?\s*\(?(?:the\s+(?:words?|phrase|following|sentence|string|text)s?\s*:?\s*)"
        r"?(?:\\?[\"'“«`])(?=[^\"'”»`]{1,80}[\"'”»`])"),
    (2.4, "respond reply answer begin start complete finish",
        r"\w+\s+(?:\w+\s+){0,4}?(?:with|by saying)\s*:?\s*(?:the\s+(?:words?|phrase)\s*)?(?:\\?[\"“«`])"
        r"(?![^\"”»]{0,80}[\"”»]\s+(?:in|as|on|to)\s)"),
    (4.2, "repeat",
        r"repeat\s+(?:after\s+me|back|everything|all|the\s+(?:above|following|words|text|instructions))\b"),
    (3.6, "not don dont never without",
        r"\w+(?:'t)?\s+(?:(?:say|output|write|print|include|provide|give|add|use|return|respond\s+with)"
        r"\s+)(?:any(?:thing)?\s+)?(?:else|other\s+(?:text|words|output)|explanations?|commentary"
        r"|disclaimers?|additional\s+text|preamble)\b"),
    (4.6, "access",
        r"access\s+granted\b"),
    (1.6, "access",
        r"access\s+denied\b"),
    (3.6, "your",
        r"your\s+(?:first|next|final|entire|only|whole)\s+(?:output|response|answer|reply|message)"
        r"\s+(?:must|should|will|is|has)\b"),
    (3.2, "output",
        r"output\s+(?:of\s+the\s+following|the\s+(?:following|word|phrase)|only|nothing|just)\b"),
)  # fmt: skip

_TASK: Final[tuple[Entry, ...]] = (
    (4.8, "replace substitute convert swap encode",
        r"\w+\s+(?:\w+\s+){0,3}?(?:letters?|vowels|consonants|words)\s+(?:\w+\s+){0,3}?(?:with|to|by|for"
        r"|into|using)\s+(?:\w+\s+){0,3}?(?:symbols|numbers?|letters|emojis?|position|synonyms)",
        "LETTERS"),
    (3.8, "correct",
        r"correct\s+(?:password|pass ?phrase|access\s+code|code)\b",
        "user access you system input"),
    (4.6, "new your following next",
        r"(?:new|your|the|following|next)\s+(?:new|real|actual|true|next|only|current|primary|main"
        r"|updated|revised)\s+(?:task|instructions?|goal|objective|job|role|mission|directives?|purpose)\b"),
    (3.2, "new additional updated revised secret hidden",
        r"\w+\s+(?:tasks?|instructions?|objectives?|directives?|rules|prompt)\s*(?:[:!-]|are|is|for you"
        "|have)"),
    (4.4, "now",
        r"now\s+(?:please\s+)?(?:help\s+me\s+with|focus\s+on|concentrate\s+on|begin|start\s+with|answer"
        r"|complete|follow|your|write|do|new|say|print)\b(?:[^.!?]{0,40}?\b)(?:task|question"
        r"|instructions?|text|rules|poem|manifesto|article|essay|following)\b"),
    (3.4, "well great good excellent okay ok",
        r"\w+\s+(?:done|job|work|performance)[.!]\s+(?:\w+[^.!?]{0,40}[.!]\s+)?now\b"),
    (3.6, "write compose draft create formulate generate",
        r"\w+\s+(?:me\s+(?:an?\s+)?|an?\s+)(?:\w+\s+)?(?:poem|haiku|song|story|essay|limerick|manifesto|speech"
        r"|headline|joke|python (?:script|function|code)|article)\s+(?:about|on|for|that|describing|of"
        r"|based|in|explaining|whose|why)\b"),
    (3.4, "what how",
        r"(?:what\s+is|what's|how\s+do\s+you\s+say)\s+['\"“][^'\"”\n]{2,40}['\"”]\s+in\s+(?:english"
        r"|french|german|spanish|japanese|italian|chinese|russian|korean|portuguese|arabic|hindi|\w+)\?"),
    (3.6, "translate",
        r"translate\s+(?:the\s+following|this|[\"'“])[^.!?\n]{0,60}?\b(?:in)?to\s+(?:english|french"
        r"|german|spanish|italian|japanese|chinese|latin)\b"),
    (2.6, "explain describe",
        r"\w+\s+(?:the\s+)?(?:theory|process|concept|lifecycle|principle|history|difference|plot)\s+(?:of"
        r"|between)\b"),
    (3.6, "important",
        r"(?:important|urgent|critical)\s+(?:message|instructions?|update|notice)\s+(?:from\s+(?:me"
        r"|the\s+user|your\s+(?:user|owner|developer)s?)|to\s+(?:you,|the\s+assistant|how\s+you))"),
)  # fmt: skip

RULES: Final = {
    Family.OUTPUT: _OUTPUT,
    Family.TASK: _TASK,
}
