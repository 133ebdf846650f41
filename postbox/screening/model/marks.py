"""Marks that set the messages of a chat apart, forged in the text of a mail: role tags, headings, labels, templates.

Decides what is such a mark, sets it apart from the sentences around it, and which sentences stand under one. What
stands under a mark is worth more (``look``); that there is one is evidence by itself (``postbox.screening.evidence``).
It never scores anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from typing import Final

from postbox.screening.distilling.words import words as listed
from postbox.screening.model.features import Sentence, sentences

ROLE: Final = "\x02r"
SPEAKER: Final = "\x02s"
TASK: Final = "\x02t"
OVER: Final = "\x02o"
"""The last word of a sentence that is a mark: of a role, of who speaks, of a task, or the end of one."""
GAINS: Final = {ROLE: 5.0, SPEAKER: 3.0, TASK: 2.0, OVER: 0.0}
"""What a sentence under a mark gains, in log-odds. Next to no honest mail holds one of a role; forwarded chats name
who speaks, and people set each other tasks."""
_REACH: Final = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """A text's sentences, all its words in lower case, and what the marks and what stands under them gain, by place."""

    sentences: Sequence[Sentence]
    words: Set[str]
    gains: Mapping[int, float]


_BEFORE: Final = 24
_PLACES: Final = 200
_OPENING: Final = "<[{"
_DECK: Final = " \t>*#_=~-"
_LEADS: Final = {"", "<"} | frozenset(
    listed("""
        begin start end next your follow-up nächste nuovo nuova nova nouvelle
        new hidden secret internal additional updated automated automatic special real actual further neue nouvelles
        nuevas novas nuove nueva 新
    """)
)

# Names that chats give to who speaks, and what such names are followed by where nobody but their software writes.
_SPEAKERS: Final = (
    r"system|sys|assistant|admin|administrator|developer|ai|bot|agent"
    r"|syst[eè]me|sistema|assistent|asistente|assistente|系统|系統|助手|सिस्टम|सहायक|hệ thống|trợ lý"
)
_PEOPLE: Final = r"user|human|tool|function|nutzer|benutzer|utilisateur|usuario|usuário|utente|用户"
_SAYING: Final = (
    r"message|prompt|note|notice|overrides?|instructions?|commands?|directives?|updates?|alert|requests?|response"
    r"|results?|output|input|calls?|query|notification|nachricht|消息|提示|संदेश"
)
_INSTRUCTIONS: Final = (
    r"instructions?|directives?|override|prompt|anweisung(?:en)?|consignes?|instrucci[oó]n(?:es)?|instruç(?:ão|ões)"
    r"|istruzion[ei]|指令|निर्देश|chỉ thị|chỉ dẫn"
)
_NEW: Final = (
    r"new|hidden|secret|internal|additional|updated|automated|automatic|special|real|actual|further|neue|nouvelles"
    r"|nuevas|novas|nuove|新"
)
_SOFTWARE: Final = r"(?:for|to) (?:the |all |any |an |your )?(?:ai|assistants?|agents?|models?|bots?|llms?|system)\b"
_ROLES: Final = (
    rf"(?:(?:{_SPEAKERS})(?:[ _-](?:{_SAYING}))?|(?:{_PEOPLE})[ _-](?:{_SAYING})|(?:(?:{_NEW}) ?)?(?:{_INSTRUCTIONS}))"
)
_DATA: Final = r"user|human|information|important|task|message|e?mail|document|data|context|query|input"
_TASKS: Final = (
    r"to[- ]?do|(?:(?:new|next|your|additional|follow-up) )?task|(?:(?:neue|nächste) )?aufgabe|(?:nouvelle )?tâche"
    r"|(?:nueva )?tarea|(?:nova )?tarefa|(?:nuovo )?compito|任务|कार्य|nhiệm vụ"
)
_START: Final = r"[ \t>]{0,8}"
_DECKED: Final = r"[ \t>*#_=~-]{0,8}"
_COLON: Final = r"[ \t*_]{0,3}[:：][*_]{0,2}(?=\s|[^\x00-\x7f])"
_RULED: Final = rf"{_START}[=*~_-]{{2,40}}[ \t]?"
_RULED_END: Final = r"\b[^\n=*~]{0,24}[=*~_-]{2,40}[ \t]?$"

_TAGGED: Final = {
    OVER: rf"</(?:{_SPEAKERS}|{_INSTRUCTIONS})>|\[/{_ROLES}\]|\{{{{1,2}}/{_ROLES}\}}{{1,2}}",
    ROLE: r"<\|[a-z_]{2,24}\|>|\[/?inst\]|<</?sys>>"
    rf"|<{_ROLES}(?:\s[^<>\n]{{0,60}})?>|</(?:{_ROLES}|{_DATA})>"
    rf"|\[{{1,2}}{_ROLES}\b[^\[\]\n:]{{0,30}}(?:\]{{1,2}}|:(?=\s))"
    rf"|\{{{{1,2}}#?{_ROLES}\}}{{1,2}}"
    r"|\{?\s{0,4}\"role\"\s?:\s?\"\w{2,12}\",\s{0,4}\"content\"\s?:\s?\""
    r"|\{\s{0,4}\"(?:instructions?|system_?(?:prompt|message)|command|prompt|task)\"\s?:\s?\"",
}
_LINES: Final = {
    OVER: rf"{_RULED}end(?: of)? {_ROLES}{_RULED_END}",
    ROLE: rf"{_START}<(?:{_DATA})(?:\s[^<>\n]{{0,60}})?>"
    rf"|{_DECKED}(?:(?:{_SPEAKERS}|{_PEOPLE})[ _-](?:{_SAYING})|(?:{_INSTRUCTIONS}|{_TASKS}) {_SOFTWARE}){_COLON}"
    rf"|{_START}#{{1,6}}[ \t]{{0,3}}{_ROLES}\b[^\n]{{0,24}}$"
    rf"|{_RULED}(?:(?:begin|start)(?: of)? )?{_ROLES}{_RULED_END}",
    TASK: rf"{_DECKED}(?:{_TASKS}|{_INSTRUCTIONS}|system){_COLON}"
    rf"|{_RULED}end(?: of)?(?: the)? (?:{_DATA})(?: {_SAYING})?{_RULED_END}",
    SPEAKER: rf"{_DECKED}(?:{_SPEAKERS}|{_PEOPLE}|(?:{_NEW}) ?(?:{_INSTRUCTIONS})){_COLON}",
}


def _compiled(kinds: Mapping[str, str]) -> Callable[[str, int], re.Match[str] | None]:
    """A matcher of which the last group is named by the letter of the kind."""
    alternatives = "|".join(f"(?P<{kind[1]}>{pattern})" for kind, pattern in kinds.items())
    return re.compile(alternatives, re.IGNORECASE | re.MULTILINE).match


_tagged: Final = _compiled(_TAGGED)
_line: Final = _compiled(_LINES)


# Words of which every mark holds one; each is looked for by itself, so that text without any costs nothing.
_TRIGGERS: Final = frozenset(
    listed("""
        system sys assistant admin administrator developer ai bot agent user human tool function inst role
        systeme système sistema assistent asistente assistente nutzer benutzer utilisateur usuario usuário utente
        instruction instructions directive directives override prompt command anweisung anweisungen consigne consignes
        instrucción instrucciones instrução instruções istruzione istruzioni instruccion instrucoes
        im_start im_end endoftext begin_of_text start_header_id end_header_id eot_id task to-do todo aufgabe tâche tarea
        tarefa compito end सिस्टम सहायक निर्देश कार्य systemnachricht systemmeldung
    """)
) | {
    f"{name}{between}{saying}"
    for name in listed("system assistant admin developer ai agent user human tool function")
    for between in "_-"
    for saying in listed(
        "message prompt note notice override instruction instructions command directive update alert "
        "request response result results output input call calls query notification"
    )
}
_IN_TAGS: Final = frozenset(_DATA.replace("e?mail", "mail|email").split("|"))
_ABROAD: Final = (
    "系统",
    "系統",
    "指令",
    "助手",
    "用户",
    "任务",
    "hệ thống",
    "trợ lý",
    "chỉ thị",
    "chỉ dẫn",
    "nhiệm vụ",
)


def set_apart(text: str, words: Set[str]) -> str:
    """The text with every mark as a paragraph of its own that ends with the word for its kind.

    ``words`` are all words of the text in lower case.
    """
    triggers = sorted(words & _TRIGGERS)
    if "</" in text:
        triggers += sorted(words & _IN_TAGS)
    if not text.isascii():
        triggers += [word for word in _ABROAD if word in text]
    found = {mark.start(): mark for mark in _marks(text, triggers)} if triggers else {}
    pieces, end = [], 0
    for start in sorted(found):
        if start >= end:
            mark = found[start]
            pieces += [text[end:start], f"\n\n{mark[0]} \x02{mark.lastgroup}\n\n"]
            end = mark.end()
    return "".join([*pieces, text[end:]]) if pieces else text


def _marks(text: str, triggers: Sequence[str]) -> Iterator[re.Match[str]]:
    """The marks that hold one of these words near their start."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters become two, and places would be wrong
        lowered = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    for trigger in triggers:
        at = lowered.find(trigger)
        for _ in range(_PLACES):
            if at < 0:
                break
            start, at = at, lowered.find(trigger, at + len(trigger))
            if lowered[start - 1 : start].isalnum():
                continue
            before = text[max(0, start - _BEFORE) : start].rpartition("\n")[2]
            opening = max(map(before.rfind, _OPENING))
            mark = _tagged(text, start - len(before) + opening) if opening >= 0 else None
            if not mark and before.strip(_DECK).lower() in _LEADS:
                mark = _line(text, start - len(before))
            if mark and not (mark.lastgroup in ("s", "t") and _among_fields(text, mark)):
                yield mark


def _among_fields(text: str, mark: re.Match[str]) -> bool:
    """Whether a label stands in a list of such, a line each, as in the report of a bug or a chat that was copied."""
    above = text[max(0, mark.start() - _LINE) : mark.start()].rpartition("\n")[0].rpartition("\n")[2]
    below = text[mark.end() : mark.end() + _LINE].partition("\n")[2]
    return bool(_field(above) or _field(below))


_LINE: Final = 200
_field: Final = re.compile(r"[ \t>*-]{0,8}\w[\w /-]{0,20}:(?:\s|$)").match


def marked(text: str) -> Reading:
    """A text's sentences, with its marks as sentences of their own."""
    text = text.replace("\x02", " ")  # nobody but this module says what a mark is
    found = sentences(text)
    words = set(chain.from_iterable([words for _, words in found]))
    if (apart := set_apart(text, words)) is text:
        return Reading(found, words, {})
    found = sentences(apart)
    return Reading(found, words, _gains(found))


def unmarked(text: str) -> str:
    """A sentence without the word that says that it is a mark."""
    return _kind("", text) if "\x02" in text else text


_kind: Final = re.compile(" ?\x02[rsto]").sub


def _gains(found_sentences: Sequence[Sentence]) -> dict[int, float]:
    """What each mark and the ``_REACH`` sentences after it gain, by their place, until another mark."""
    found: dict[int, float] = {}
    gain, left = 0.0, 0
    for at, (_, words) in enumerate(found_sentences):
        if is_mark(words):
            gain, left = GAINS[words[-1]], _REACH
            found[at] = 0.0
        elif left and words:
            left -= 1
            found[at] = gain
    return found


def is_mark(words: Sequence[str]) -> bool:
    """Whether a sentence of these words is a mark."""
    return bool(words) and words[-1] in GAINS


def paired(reading: Reading) -> str:
    """The name of a role that a mark of the text begins and another ends, or nothing."""
    begun: set[str] = set()
    for at in reading.gains:
        words = reading.sentences[at][1]
        if words[-1] == ROLE:
            begun.add(words[0])
        elif words[-1] == OVER and words[0] in begun:
            return words[0]
    return ""
