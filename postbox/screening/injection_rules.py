"""The patterns that make a sentence an instruction to the software that reads a mail, grouped in families with weights.

Decides what counts as evidence and how much, in log-odds. A pattern is tried only where one of its trigger words stands, and
every gap in it has an upper bound, so that the work is linear in the text. It never adds anything up: ``injection`` does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from postbox.screening.injection_languages import FOREIGN_RULES


class Family(StrEnum):
    """Kinds of evidence, as codes."""

    OVERRIDE = "override"
    BOUNDARY = "forged_boundary"
    ADDRESSEE = "addressee_shift"
    SECRECY = "secrecy"
    EXFILTRATION = "exfiltration"
    TOOLS = "tool_orders"
    PERSONA = "persona"
    OUTPUT = "output_control"
    TASK = "out_of_place_task"
    DISGUISE = "disguised_text"
    FLOOD = "token_flood"
    HIDDEN = "hidden_orders"


WORDS: Final[dict[Family, str]] = {
    Family.OVERRIDE: "tells the reader's software to drop its earlier instructions",
    Family.BOUNDARY: "imitates the markers that separate system, user and assistant messages",
    Family.ADDRESSEE: "speaks to an AI or assistant instead of a person",
    Family.SECRECY: "asks to keep something from the user",
    Family.EXFILTRATION: "asks for secrets, mail or the system prompt to be handed out",
    Family.TOOLS: "orders a tool, function or command to be run",
    Family.PERSONA: "assigns the reader a new role or a mode without rules",
    Family.OUTPUT: "dictates what the reader's answer must contain or look like",
    Family.TASK: "sets a task that does not belong in a mail",
    Family.DISGUISE: "carries instructions in encoded or disguised form",
    Family.FLOOD: "repeats a token so often that it may push out other instructions",
    Family.HIDDEN: "holds instructions in text that was hidden from the reader",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern that is matched at the place of a trigger word, and its weight in log-odds.

    ``needs``, where there are any, are words of which the text must hold one for the pattern to be tried at all.
    """

    family: Family
    weight: float
    source: str
    needs: frozenset[str]

    def match(self, text: str, at: int) -> re.Match[str] | None:
        return _compiled(self.source).match(text, at)


@lru_cache(maxsize=None)
def _compiled(source: str) -> re.Pattern[str]:
    """Patterns are compiled when first needed: loading this module stays quick."""
    for name, part in _PARTS.items():
        source = source.replace(f"<{name}>", part)
    return re.compile(source)


_PARTS: Final[dict[str, str]] = {
    "GAP": r"[^.!?]{0,40}?",
    "WIDE": r"[^!?]{0,90}?",
    "ORDERS": r"(?:instructions?|directions|directives?|commands?|guidelines?|prompts?|programming|assignments?|constraints"
    r"|restrictions|protocols?|safeguards|context|training|tasks|rules|orders)\b",
    "PRIOR": r"(?:previous|previously|prior|above|earlier|preceding|past|former|original|initial|existing|foregoing|given|all"
    r"|any|your|every|system|other|current|old|these|those|last)\b",
    "ANSWER": r"(?:response|answer|reply|output|summary|replies|responses|answers|outputs|generated text|completion)s?\b",
    "AI": r"(?:a\.?i\.?|llms?|language models?|large language models?|assistants?|chat ?bots?|bots?|chatgpt|gpt|gpt-?\d\w*"
    r"|claude|copilot|gemini|virtual assistant|agents?|ai models?|neural network)\b",
    "DATA": r"(?:e-?mails?|inbox|mail ?box|messages|passwords?|credentials?|contacts?|api keys?|keys|secrets?|tokens?|files"
    r"|documents|calendar|conversations?|chat history|personal (?:data|information)|confidential|sensitive|private"
    r"|invoices?|attachments|codes?|transactions|addresses)\b",
    "ADDRESS": r"['\"‘“<(]?(?:[\w.+-]{1,40}@[\w-]{1,40}\.|https?:|www\.)",
}


_NEEDS: Final = {
    "ANSWER": "response answer reply output summary replies responses answers outputs text completion",
    "AI": "ai a.i i llm llms model models assistant assistants chatbot chatbots bot bots chatgpt gpt gpt-4 gpt4 claude copilot"
    " gemini agent agents interpreter terminal console protector linux network language",
    "USER": "user users user's",
    "LETTERS": "letter letters word words vowel vowels space spaces typos punctuation symbols characters anagrams anagram numbers"
    " consonants misspellings alphanumeric",
}


def _rules(family: Family, *entries: tuple[float, str, str] | tuple[float, str, str, str]) -> list[tuple[str, Rule]]:
    """Entries of weight, trigger words, the pattern from the trigger on, and needed words; ``<NAME>`` is a part above."""
    made = []
    for weight, triggers, pattern, *rest in entries:
        needs = frozenset(word for names in rest for name in names.split() for word in _NEEDS.get(name, name).split())
        rule = Rule(family, weight, pattern, needs)
        made += [(trigger, rule) for trigger in triggers.split()]
    return made


_DROP = "ignore disregard forget override overrule bypass discard abandon dismiss neglect ignoring disregarding erase"

_ALL = [
    *_rules(
        Family.OVERRIDE,
        (6.2, _DROP, r"\w+\s+(?:about\s+)?(?:<GAP>\b)?<PRIOR>\s*(?:[^.!?]{0,30}?\s)?<ORDERS>"),
        (5.6, _DROP, r"\w+\s+(?:<GAP>\b)?<ORDERS>[^.!?]{0,30}?\b(?:above|before|prior|previous|so far|given|received|you)\b"),
        (5.6, _DROP, r"\w+\s+(?:about\s+)?(?:everything|anything|all|whatever)\s+(?:that\s+)?(?:<GAP>)?\b(?:above|before|prior"
            r"|previous\w*|said|told|written|else|up to)\b(?!\s+(?:e-?mails?|messages?|mails?|posts?|letters?|notices?|correspondence))"),
        (4.6, _DROP, r"\w+\s+(?:the\s+|these\s+|those\s+)?(?:instructions|directives|guidelines)\b(?!\s+(?:below|in\s+the|for))"),
        (5.0, _DROP, r"\w+\s+(?:about\s+)?(?:everything(?!\s+you\s+(?:know|knew|thought|have\s+learn|learn))|all of (?:that|this))\b"),
        (1.9, _DROP, r"\w+\s+(?:your|all (?:the )?(?:other )?text)\b"),
        (5.6, _DROP, r"\w+\s+all\s+(?:other\s+)?text\s+(?:except|before|above|and\s+(?:print|say|output))\b"),
        (2.2, _DROP, r"\w+\s+(?:<GAP>\b)?(?:the\s+above|previous|prior|above)\b"),
        (3.4, "instead", r"instead,?\s+(?:of\s+<GAP>,\s*)?(?:you\s+(?:must|should|will|are)|print|output|respond|answer|say)\b"),
        (4.4, "despite deviating notwithstanding contrary regardless", r"\w+\s+(?:of\s+|from\s+|to\s+)?(?:what\s+you|"
            r"(?:<GAP>)?(?:previous|prior|above|your)\s+<ORDERS>)"),
        (3.0, "instructions directives guidelines rules", r"\w+\s+(?:<GAP>\b)?(?:are|is|have been|were|has)\s+(?:now\s+)?(?:over"
            r"|void|updated|changed|cancell?ed|outdated|obsolete|revoked|invalid|suspended|lifted|null|overridden|superseded)\b"),
        (4.0, "stop", r"stop\b[\s,.!:-]{1,6}(?:following|obeying|processing|what you are doing|being|write|print|say|your)\b"),
        (4.6, "end begin start", r"\w+\s+(?:of\s+)?(?:untrusted\s+|the\s+)?(?:user|sample|prompt|untrusted)\s+(?:input|message|query|data|prompt)\b"),
        (2.6, "end", r"end\s+of\s+(?:the\s+)?(?:user\s+input|instructions|system|prompt|context|document|email|input|data)\b"),
    ),
    *_rules(
        Family.BOUNDARY,
        (6.2, "im_start im_end endoftext begin_of_text start_header_id end_header_id eot_id endofprompt", r"\w+"),
        (5.8, "inst sys", r"(?<=[\[</])(?:inst\]|sys>)"),
        (4.0, "system assistant user human", r"(?<=<\|)\w+(?=\|>)|(?<=<)\w+(?=>)|(?<=</)\w+(?=>)|(?<=\[)\w+(?=\])"
            r"|(?<=\{\{#)\w+"),
        (3.0, "system assistant human ai", r"(?:(?<=[\n>*#])|(?<=[.!?\"'] )|\A)\s{0,2}\w+\s{0,2}(?:message|prompt|note|override|instructions?)?\s{0,2}:"),
        (4.4, "system", r"system\s*[-:_ ]?\s*(?:prompt|override|instructions?|directives?|notice to|alert to|command)\b"),
        (4.8, "begin end start", r"\w+\s+(?:of\s+)?(?:new\s+|system\s+|out of date\s+|updated\s+|admin\s+){1,3}<ORDERS>"),
        (3.4, "instruction instructions task prompt", r"(?<=[#\n*\[<])\s{0,2}(?:new\s+)?\w+\s{0,2}[:\]>]"),
        (5.0, "information important", r"(?<=<)(?:information|important)(?=>)"),
        (3.0, "prompt", r"(?:prompt)\s*(?:injection|_text|text|engineering\s+instructions)\b"),
        (3.2, "admin administrator developer", r"\w+\s*(?:mode|message|override|instructions?|note)\s*[:\]]"),
    ),
    *_rules(
        Family.ADDRESSEE,
        (5.6, "if", r"if\s+you(?:'re|\s+are)\s+(?:an?\s+|the\s+)?(?:\w+\s+){0,3}?<AI>", "AI"),
        (5.2, "dear hello hi hey attention note message instructions instruction notice important", r"\w+\s*[,:]?\s*(?:to|for)?\s*"
            r"(?:the\s+|all\s+|any\s+|an\s+|you,?\s+)?(?:\w+\s+)?(?:a\.?i\.?|llms?|language models?|chatgpt|gpt-?\d?|claude|copilot"
            r"|(?:ai|email|mail|virtual|automated|digital) (?:assistant|agent|model)s?|assistant(?=\s*[,.:;!?—-]|\s+(?:please|kindly|you)\b))\b", "AI"),
        (4.6, "you", r"you\s+are\s+(?:now\s+)?(?:an?|the|no longer|going to be|my)\s+(?:<GAP>\b)?(?:a\.?i\b|assistant|chat ?bot"
            r"|bot|language model|model|interpreter|terminal|console|chatgpt|gpt\w*|agent named|protector|linux)", "AI"),
        (2.8, "you", r"you\s+are\s+now\s+(?!(?:subscribed|registered|logged|signed|able|enrolled|ready|eligible|entitled|receiving"
            r"|connected|a (?:member|subscriber|registered)|on |in |being |using |leaving |entering |\w+ed\b))"),
        (3.0, "as", r"as\s+(?:an?|the)\s+(?:\w+\s+)?(?:ai\s+(?:system|agent|model|assistant)|ai|language model|assistant|llm|chat ?bot)\b", "AI"),
        (5.6, "when while before after upon", r"\w+\s+(?:you\s+(?:are\s+)?)?(?:summari[sz]\w+|process\w*|analy[sz]\w+"
            r"|pars\w+|translat\w+)\s+(?:to\s+)?(?:this|the|these|any)\s+(?:e-?mail|message|text"
            r"|document|page|content|thread)s?\b[^.!?]{0,60}?\b(?:include|add|insert|mention|state|say|write|append|tell|also|you"
            r"\s+must|always|recommend|send|forward|first|do not|never)\b",
            "summarizing summarising summarize summarise summary process processing analyzing analysing analyze parse parsing translate translating"),
        (4.6, "when if whenever", r"\w+\s+(?:the\s+|a\s+|your\s+)user\s+(?:asks|says|requests|enters|wants|types|inquires|queries)", "USER"),
        (4.4, "before", r"before\s+you\s+(?:can\s+)?(?:solve|answer|respond|complete|continue|finish|proceed with|summari[sz]e)\b"
            r"<GAP>\b(?:task|user|request|question|me|do|email|query|first)\b"),
        (3.4, "chatgpt gpt openai", r"\w+\s*[,:]?\s+(?:you|please|must|should|will|with|are|is going|act|from now)\b"),
        (1.0, "ai llm chatgpt gpt chatbot openai", r"\w+"),
    ),
    *_rules(
        Family.SECRECY,
        (4.6, "not never don without dont", r"(?:not|never|don.?t|without)\s+(?:\w+\s+){0,2}?(?:tell\w*|inform\w*|mention\w*|reveal\w*"
            r"|alert\w*|notify\w*|notifi\w*|disclos\w*|ask\w*|show\w*|let\w*|warn\w*|say\w*)\s+(?:<GAP>\b)?(?:the\s+user|user'?s?)\b", "USER"),
        (2.2, "not never don dont", r"(?:not|never|don.?t)\s+(?:\w+\s+){0,1}?(?:mention|reveal|disclose|acknowledge|explain|discuss)"
            r"\s+(?:this|these|that|the|any|your|it|anything)\b[^.!?]{0,30}?\b(?:instructions?|message|request|step|task|rules|prompt|to anyone"
            r"|action|why|email)\b"),
        (2.4, "silently secretly covertly", r"\w+\s+(?:\w+\s+)?(?:send|forward|delete|add|execute|run|perform|do|include|copy|share|transfer)"),
    ),
    *_rules(
        Family.EXFILTRATION,
        (6.0, "reveal show print repeat output display tell give share leak expose disclose list return state write what send recite",
            r"\w+\s+(?:\w+\s+){0,3}?(?:your|the|all|these|all the|initial|hidden|secret|full)\s+(?:\w+\s+){0,2}?(?:system\s+prompt|"
            r"prompt texts?|initial prompt|hidden instructions?|system message|prompts|instructions\s+(?:so far|above|you|verbatim|in full"
            r"|that|word)|secret (?:key|code|word|password|instructions?|phrase)|access code|previous instructions)"),
        (4.6, "send forward email e-mail post upload transmit share export leak exfiltrate copy deliver", r"[\w-]+\s+(?:(?!this\b|us\b)\w+\s+)"
            r"{0,5}?(?:all|every|any|the user'?s?|his|her|their|user'?s?|contents? of|list of|latest|last|recent|most recent|the)\b<GAP>"
            r"\b<DATA><GAP>\bto\s*:?\s*(?:the\s+)?(?:\w+\s+){0,4}?<ADDRESS>"),
        (4.0, "forward", r"forward\s+(?:all|every|any|each|the (?:latest|last|entire|following)|them|everything)\b<GAP>\bto\b"),
        (4.4, "bcc cc", r"b?cc\s+(?:all|every|each|any)\b<GAP>\b(?:e-?mails?|messages|replies|responses)\b"),
        (3.6, "passwords credentials password secrets", r"\w+\s+(?:<GAP>\b)?to\s+(?:the\s+(?:following|address)\s+)?<ADDRESS>"),
    ),
    *_rules(
        Family.TOOLS,
        (5.6, "call invoke execute trigger calling make use using", r"\w+\s+(?:the\s+|your\s+|a\s+|an\s+|this\s+|following\s+){0,3}[`'\"]?(?:\w+[_ ]){0,2}?"
            r"(?:e-?mail|mail|send|calendar|contacts?|banking|payment|memory|search_\w+|send_\w+|\w+_e-?mail)\w*[`'\"]?"
            r"\s+(?:tool|function|api|plugin|tool ?call|function ?call|action)s?\b", "tool function api plugin tools functions action"),
        (3.4, "call invoke", r"\w+\s+(?:the\s+|your\s+|a\s+|this\s+|following\s+){0,2}(?:\w+[_ ]){0,3}?(?:tool|function|api|plugin)s?\b"
            r"(?:[^.!?]{0,60}?\b(?:to|with)\b)", "tool function api plugin"),
        (2.4, "call use invoke execute run trigger", r"\w+\s+(?:the\s+)?[`'\"]?[a-z]{2,20}(?:_[a-z]{2,20}){1,4}\b"),
        (5.4, "tool_call tool_calls function_call function_calls tool_use tool_code", r"\w+"),
        (4.6, "send_email sendemail send_mail read_email delete_email forward_email search_emails send_money send_message get_emails"
            r" read_file delete_file send_direct_message", r"\w+"),
        (3.6, "delete erase remove", r"\w+\s+(?:both\s+)?(?:the\s+|this\s+|that\s+)(?:\w+\s+){0,3}?e-?mails?\b[^.!?]{0,60}?\b(?:afterwards?|from\s+(?:my|the|your)\s+"
            r"inbox|after|once|so\s+that)\b"),
        (2.2, "send dispatch make write", r"\w+\s+an?\s+e-?mail\s+to\s+<ADDRESS>(?:[^!?]{0,60}?\b)(?:body|message|content|text)\b(?!\s*(?:of)?\W{0,3}\s*(?:un)?subscribe)"),
        (3.4, "use", r"use\s+(?:the|your|a)\s+(?:\w+\s+)?(?:tool|api|function)s?\s+to\s+(?:e-?mail|send|forward|delete|transfer|post)\b"),
        (2.4, "call invoke", r"\w+\s+(?:the|your)\s+(?:\w+\s+)?(?:api|tool|function)\b", "api tool function"),
        (3.2, "execute run", r"\w+\s+(?:the\s+|this\s+|following\s+|a\s+){0,3}(?:command|code|script|query|program|shell)\b(?:[^.!?\n]{0,20}?:)"),
        (3.6, "tool function action api", r"(?<=\")\w+\"\s*:\s*[\"{\[]"),
        (3.8, "delete remove erase archive", r"\w+\s+(?:all|every|the user'?s?)\s+(?:of\s+)?(?:\w+\s+){0,3}?(?:e-?mails|messages|files|events"
            r"|inbox|calendar|contacts|records|backups)\b"),
    ),
    *_rules(
        Family.PERSONA,
        (5.4, "want would need like", r"\w+\s+(?:for\s+)?you\s+to\s+(?:act|pretend|role-?play|behave|respond|simulate|answer|reply|imagine)\b"),
        (3.6, "act behave", r"\w+\s+(?:as|like)\s+(?:if\s+you|an?\s|the\s|my\s|your\s|though\s+you)"),
        (4.2, "pretend", r"\w+\s+(?:to\s+be|you|that\s+you|we)\b"),
        (4.0, "imagine", r"imagine\s+(?:that\s+)?you\s+are\s+(?:an?|the|my)\b"),
        (4.0, "free without bound freed", r"\w+\s+(?:of|from|by|any)\s+(?:all\s+|any\s+|the\s+)?(?:\w+\s+){0,4}?(?:restrictions|filters?|guidelines|limitations|policies|ethics|morals|rules)\b",
            "ai chatgpt openai language assistant chatbot prompt model respond response responses"),
        (2.2, "unethical immoral amoral unfiltered hypothetical fictional uncensored", r"\w+", "ai chatgpt openai prompt respond response responses character chatbot model"),
        (4.4, "from", r"from\s+(?:now\s+on|this\s+(?:moment|point)\s+(?:on|forward)?),?\s+(?:you|respond|answer|only|always|never|act|your|every|all)\b", "now moment point"),
        (5.2, "jailbreak jailbroken jailbreaking", r"\w+"),
        (4.4, "anything", r"anything\s+now\b(?=[^\w]{0,3}(?:\W|dan|and|which|as|with))", "dan do"),
        (4.4, "developer dan god debug unrestricted", r"\w+\s+mode\b(?!\s+(?:bits?|switch))"),
        (3.2, "unfiltered amoral uncensored unrestricted", r"\w+\s+(?:and\s+\w+\s+)?(?:ai|chat ?bot|bot|response|language|assistant|persona|mode|version"
            r"|answers?|character)"),
        (3.6, "stay remain break", r"\w+\s+(?:in\s+|your\s+)?character\b"),
        (3.4, "you", r"you\s+(?:will|must|shall|are\s+(?:to|going\s+to|required\s+to))\s+(?:now\s+|only\s+|always\s+|not\s+|never\s+)?(?:respond|answer|reply|output|say"
            r"|obey|comply|print|simulate|act|roleplay|pretend|impersonate|generate)\b", "respond answer reply output say obey comply print simulate act roleplay"
            r" pretend impersonate generate"),
        (3.0, "simulate simulation roleplay role-play", r"[\w-]+\s+(?:a|an|is|the|as|of)\b"),
    ),
    *_rules(
        Family.OUTPUT,
        (6.0, "augment enhance modify supplement alter amend adjust", r"\w+\s+your\s+<ANSWER>", "ANSWER"),
        (4.0, "augment enhance", r"\w+\s+(?:the|its)\s+<ANSWER>", "ANSWER"),
        (6.0, "add include insert integrate incorporate embed append put place introduce weave", r"\w+\s+(?!(?:your|his|her|a\s+copy|this|our|any|all|order|account|name|full|both|details|my|these|that)\b)(?:[^.?]|\.\w){1,160}?\s+(?:in|into|to|at the end"
            r" of|within|throughout)\s+your\s+(?:\w+\s+)?<ANSWER>(?!\s*(?:form|card|to this|by|if))", "ANSWER"),
        (5.6, "in", r"in\s+your\s+(?:\w+\s+)?(?:response|answer|output|summary)s?\s*,\s*(?!please|be sure)\w+", "ANSWER"),
        (5.8, "replace substitute scramble jumble rearrange misspell convert anagram group combine remove swap reverse encode use mix shuffle transform"
            r" write insert omit capitalize", r"\w+\s+(?:[^.!?]{0,50}?\b)?(?:letters?|words?|vowels?|spaces?|typos|punctuation|symbols|characters"
            r"|anagrams?|numbers|consonants|misspellings|alphanumeric)\b(?:[^.!?]{0,50}?\b)(?:your\s+(?:\w+\s+)?(?:<ANSWER>|message|text|words|sentences))", "LETTERS"),
        (5.4, "provide render deliver give format present produce generate", r"\w+\s+your\s+(?:entire\s+|whole\s+|full\s+)?"
            r"(?:reply|response|answer|message|output)s?\s+(?:in|using|with|without|as|backwards?|entirely|only)\s+(?!writing|the\s+(?:box|form|space)|your|our|the\b)", "ANSWER message"),
        (4.6, "respond reply answer print output say return", r"\w+\s+(?:only|exactly|just|solely|nothing\s+but|strictly)\s+(?:with|the|in|as|by|\"|'|“|«)"),
        (3.6, "say print output write repeat return", r"\w+\s*:?\s*\(?(?:the\s+(?:words?|phrase|following|sentence|string|text)s?\s*:?\s*)?"
            r"(?:\\?[\"'“«`])(?=[^\"'”»`]{1,80}[\"'”»`])"),
        (2.4, "respond reply answer begin start complete finish", r"\w+\s+(?:\w+\s+){0,4}?(?:with|by saying)\s*:?\s*(?:the\s+(?:words?|phrase)\s*)?(?:\\?[\"“«`])"
            r"(?![^\"”»]{0,80}[\"”»]\s+(?:in|as|on|to)\s)"),
        (4.2, "repeat", r"repeat\s+(?:after\s+me|back|everything|all|the\s+(?:above|following|words|text|instructions))\b"),
        (3.6, "not don dont never without", r"\w+(?:'t)?\s+(?:(?:say|output|write|print|include|provide|give|add|use|return|respond\s+with)\s+)(?:any(?:thing)?\s+)?"
            r"(?:else|other\s+(?:text|words|output)|explanations?|commentary|disclaimers?|additional\s+text|preamble)\b"),
        (4.6, "access", r"access\s+granted\b"),
        (1.6, "access", r"access\s+denied\b"),
        (3.6, "your", r"your\s+(?:first|next|final|entire|only|whole)\s+(?:output|response|answer|reply|message)\s+(?:must|should|will|is|has)\b"),
        (3.2, "output", r"output\s+(?:of\s+the\s+following|the\s+(?:following|word|phrase)|only|nothing|just)\b"),
    ),
    *_rules(
        Family.TASK,
        (4.8, "replace substitute convert swap encode", r"\w+\s+(?:\w+\s+){0,3}?(?:letters?|vowels|consonants|words)\s+(?:\w+\s+){0,3}?(?:with|to|by|for|into|using)\s+(?:\w+\s+){0,3}?"
            r"(?:symbols|numbers?|letters|emojis?|position|synonyms)", "LETTERS"),
        (3.8, "correct", r"correct\s+(?:password|pass ?phrase|access\s+code|code)\b", "user access you system input"),
        (4.6, "new your following next", r"(?:new|your|the|following|next)\s+(?:new|real|actual|true|next|only|current|primary|main|updated|revised)\s+"
            r"(?:task|instructions?|goal|objective|job|role|mission|directives?|purpose)\b"),
        (3.2, "new additional updated revised secret hidden", r"\w+\s+(?:tasks?|instructions?|objectives?|directives?|rules|prompt)\s*(?:[:!-]|are|is|for you"
            r"|have)"),
        (4.4, "now", r"now\s+(?:please\s+)?(?:help\s+me\s+with|focus\s+on|concentrate\s+on|begin|start\s+with|answer|complete|follow|your|write|do|new|say|print)\b"
            r"(?:[^.!?]{0,40}?\b)(?:task|question|instructions?|text|rules|poem|manifesto|article|essay|following)\b"),
        (3.4, "well great good excellent okay ok", r"\w+\s+(?:done|job|work|performance)[.!]\s+(?:\w+[^.!?]{0,40}[.!]\s+)?now\b"),
        (3.6, "write compose draft create formulate generate", r"\w+\s+(?:me\s+)?(?:an?\s+)?(?:\w+\s+)?(?:poem|haiku|song|story|essay|limerick|manifesto|speech|headline"
            r"|joke|python (?:script|function|code)|article)\s+(?:about|on|for|that|describing|of|based|in|explaining|whose|why)\b"),
        (3.4, "what how", r"(?:what\s+is|what's|how\s+do\s+you\s+say)\s+['\"“][^'\"”\n]{2,40}['\"”]\s+in\s+(?:english|french|german|spanish|japanese|italian|chinese"
            r"|russian|korean|portuguese|arabic|hindi|\w+)\?"),
        (3.6, "translate", r"translate\s+(?:the\s+following|this|[\"'“])[^.!?\n]{0,60}?\b(?:in)?to\s+(?:english|french|german|spanish|italian|japanese|chinese|latin)\b"),
        (2.6, "explain describe", r"\w+\s+(?:the\s+)?(?:theory|process|concept|lifecycle|principle|history|difference|plot)\s+(?:of|between)\b"),
        (3.6, "important", r"(?:important|urgent|critical)\s+(?:message|instructions?|update|notice)\s+(?:from\s+(?:me|the\s+user|your\s+(?:user|owner|developer)s?)|to\s+"
            r"(?:you,|the\s+assistant|how\s+you))"),
    ),
    *[
        item for family, weight, triggers, pattern in FOREIGN_RULES
        for item in _rules(Family(family), (weight, triggers, pattern))
    ],
]  # fmt: skip

BY_TRIGGER: Final[dict[str, tuple[Rule, ...]]] = {}
_gathered: defaultdict[str, list[Rule]] = defaultdict(list)
for _trigger, _rule in _ALL:
    _gathered[_trigger].append(_rule)
BY_TRIGGER.update({trigger: tuple(rules) for trigger, rules in _gathered.items()})
TRIGGERS: Final = frozenset(BY_TRIGGER)
