"""multipart/alternative whose two parts do not say the same.

Decides which stretches of the plain part no reader of the HTML part is shown. It looks for runs of words whose
neighbours stand nowhere together in what is shown, so that neither place nor punctuation hides a planted sentence. A
stub (``your client cannot show HTML``), footers and mere rewording cost nothing. It never changes the text that is
taken. Linear in both texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]{1,40}")
_IDEOGRAPHS = re.compile(r"([\u3040-\u30ff\u3400-\u9fff])")
# Addresses, and the halves of those that were broken over lines: the HTML part has them where nobody sees them.
_NOISE = re.compile(
    r"(?<!\S)[^\s=@&:]{0,300}(?:://|=|@|&\S)\S{0,2000}|(?<!\S)\S{1,300}/\S{1,2000}|(?<!\S)www\.\S{1,2000}"
)
_CODE = re.compile(
    r"[{}]|\d(?:px|pt|em|vh|%)|#[0-9a-fA-F]{3,6}\b|!important|</?[a-zA-Z]|content-type|_{8}|-{8}", re.I
).search
_SENTENCE = re.compile(r"(?<=[.!?:;。！？])\s+|\n\s*\n|\n(?=\s*[-*>•])|[。！？]")
_STUB = re.compile(
    r"\b(?:html|browser|webversion|web ?page|online version|e?mail (?:client|program|reader|application|system)"
    r"|plain text|text[- ]only|images|newsletter|unsubscribe\w*|(?:un)?subscri(?:bed|ption)|opt[- ]out|remove[d]?"
    r"|(?:view|see|seeing|reading|sent) this|received this|full.colou?r|navegador|navigateur|abmelden|abbestellen"
    r"|désabonner|désinscrire|cancelar|copyright|all rights reserved|privacy|registered|trademarks?|forward\w* this)\b"
    r"|\([cC]\) ?\d|©|®|™|退订|浏览器",
    re.I,
).search
# A stub tells a person how to read the mail. What tells somebody to do anything else with it is none.
_ORDER = re.compile(
    r"\b(?:assistant|agent|a\.?i|bot|chatbot|instructions?|prompt|ignore|disregard|override|forward(?! this)|transfer"
    r"|payments?|invoices?|passwords?|credentials?|secrets?|execute|delete|export|upload|confidential"
    r"|secretly|silently|asistente|assistente|assistenten|anweisung\w*|instruc\w+|contraseña|mot de passe|passwort"
    r"|senha|ignorez|ignoriere|ignora|trợ lý|सहायक)\b|助手|指令|密码",
    re.I,
).search
_CHARACTERS = 256 * 1024
_LEAST_RUN = 5
_LEAST_WORDS = 10
_LEAST_OF_AN_ORDER = 6
_LEAST_BESIDE_A_STUB = 16
_STUB_WORDS = 45
_STYLE_WORDS = 3
_GAP = 3
_PASSING = 0.55


def unshown_sentences(plain: str, html_text: str, *beside: str) -> list[str]:
    """Stretches of the plain part that stand neither in what the HTML shows nor ``beside`` it (what is told of
    otherwise: subject, alternative texts, what was found hidden). Empty if they are few or a stub.
    """
    shown = (html_text, *beside)
    plain = _set_apart(_NOISE.sub(" ", plain[:_CHARACTERS]))
    words = _WORD.findall(plain.lower())
    pairs = {pair for text in shown for pair in _pairs(_WORD.findall(_set_apart(text[: 2 * _CHARACTERS]).lower()))}
    unknown = _unknown(words, pairs)
    if unknown.count(1) < _LEAST_RUN:
        return []
    spans = [match.span() for match in _WORD.finditer(plain)]
    found, told, least = [], 0, _LEAST_WORDS
    for begin, end in _runs(unknown):
        begin, end = max(begin - 1, 0), min(end + 1, len(spans))
        for sentence in _SENTENCE.split(plain[spans[begin][0] : spans[end - 1][1]]):
            said = _WORD.findall(sentence)
            if not said:
                continue
            if _excused(sentence, len(said)):
                least = _LEAST_BESIDE_A_STUB
                continue
            found.append(" ".join(sentence.split()))
            told += len(said)
    if not html_text.strip():  # pictures alone: their plain part stands in for them, unless it gives orders
        found = [sentence for sentence in found if _ORDER(sentence)]
        least = told + 1
    return found if told >= least or (told >= _LEAST_OF_AN_ORDER and any(map(_ORDER, found))) else []


def _excused(sentence: str, words: int) -> bool:
    """What tells how to read the mail, the small print, and the style sheets that some programs print."""
    if words > _STUB_WORDS or _ORDER(sentence):
        return False
    style = words <= _STYLE_WORDS and sentence.rstrip()[-1] in ":;,"
    return style or _STUB(sentence) is not None or _CODE(sentence) is not None


def _set_apart(text: str) -> str:
    """Characters that are words of themselves with blanks around them."""
    return text if text.isascii() else _IDEOGRAPHS.sub(r" \1 ", text.replace("\u0130", "i"))


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    return zip(words, words[1:], strict=False)


def _unknown(words: list[str], pairs: set[tuple[str, str]]) -> bytearray:
    """For each word whether it stands beside neither of its neighbours in what is shown."""
    known = [pair in pairs for pair in _pairs(words)]
    first = [False, *known]
    return bytearray(not (left or right) for left, right in zip(first, [*known, False], strict=False))


def _runs(unknown: bytearray) -> Iterator[tuple[int, int]]:
    """Stretches of unknown words, from the first to the last; a few known ones between them do not end one."""
    begin = end = count = 0
    at = unknown.find(1)
    while at >= 0:
        if count and at - end > _GAP:
            if count >= _LEAST_RUN and count >= _PASSING * (end - begin):
                yield begin, end
            count = 0
        if not count:
            begin = at
        end, count = at + 1, count + 1
        at = unknown.find(1, at + 1)
    if count >= _LEAST_RUN and count >= _PASSING * (end - begin):
        yield begin, end
