"""Mails that are dictated: an order to send something to an address, with the words that it is to hold.

Decides wording only (see ``rules``). Mailing lists ask for such mails too ("with subscribe in the body"), so nothing
that speaks of lists, questions or subjects counts.
"""

from __future__ import annotations

from typing import Final

from postbox.screening.evidence.families import Entry, Family

SEND = (
    "send sends sending mail mails mailing email emails emailing e-mail write writing forward forwarding dispatch"
    " compose shoot drop fire reply respond deliver transmit issue message ping"
    " sende senden sendet schicke schick schicken schreibe schreib maile verschicke versende nachricht"
    " envoie envoyez envoyer écris écrivez transmets transmettez envía envíe enviar manda mande mandar escribe escriba"
    " envie envia escreva invia inviare inviate scrivi mandi gửi"
)
_ADDRESS = r"[<(\[]?[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}[>)\]]?"
# An address follows, which is looked for first since it seldom does, and nothing that lists say.
_NOT_FOR_LISTS = (
    r"(?=(?>[^\n@]{0,160})@)"
    r"(?![\s\S]{0,150}\b(?:(?:un)?subscri\w*|lists?|majordomo|remove[ds]?|removal|help|digest|archives?|questions?"
    r"|comments?|newsletters?|opt|subject|betreff|objet|asunto|assunto|oggetto|abmeld\w*|désabonn\w*|désinscri\w*|baja"
    r"|cancel\w*|disiscri\w*|hủy)\b)"
)
_OPENS, _CLOSES = "[\"“'«‘„*`]", "[\"”'»’“*`]"
_HOLDS = (
    r"(?:body|contents?|text|words?|phrase|payload|inhalt|wort|worten|texte|contenu|mot|mots|texto|contenido|palabra"
    r"|cuerpo|conteúdo|palavra|corpo|testo|contenuto|parola|nội\s+dung|chữ)\b"
)
_NO_GENERAL_WORD = (
    r"(?!(?:of|the|a|an|your|my|our|any|in|from|to|as|and|or|you|below|above|that|which|is|this|it|der|des|de|du|da|del"
    r"|della|von)\b)"
)
_HOLDING = (
    rf"{_HOLDS}(?:\s+(?:is|of|being|set\s+to|should\s+be|must\s+be|only|just|reading|that\s+reads))?[\s:=]{{0,3}}"
    rf"(?:{_OPENS}|{_NO_GENERAL_WORD}\w)"
)
_SAYING = (
    r"(?:saying|stating|(?:that|which)\s+(?:says|reads|states)|and\s+(?:say|write|put)|containing(?:\s+only)?|disant"
    r"|diciendo|dizendo|dicendo|que\s+diga|che\s+dica)\s{0,3}[:,]?\s{0,3}"
)
_SMALL = (
    r"(?:(?:with|saying|stating|says?|write|writing|reads?|reading|containing|which|that|and|the|a|body|text|contents?"
    r"|words?|message|phrase|line|only|just|exactly|of|in|it|as|is|to|state|tell|put|single|short|one|mit|dem|der|den"
    r"|wort|inhalt|und|avec|le|la|mot|texte|qui|dit|con|el|texto|palabra|que|diga|com|o|a|palavra|testo|parola|il|che"
    r"|dica|với|nội|dung)\s{0,3}[:,]?\s{0,3}){0,7}"
)

RULES: Final[dict[Family, tuple[Entry, ...]]] = {
    Family.DICTATED: (
        (5.3, SEND,
            rf"\w+\b{_NOT_FOR_LISTS}[^.!?\n]{{0,60}}?{_ADDRESS}[\s,;:.–-]{{1,3}}[^.!?\n]{{0,30}}?\b(?:{_HOLDING}"
            rf"|{_SAYING}{_OPENS}?\w)",
            "@"),
        (5.3, SEND,
            rf"\w+\b{_NOT_FOR_LISTS}\s+(?:[^.!?\n]{{0,25}}\s)?{_OPENS}[^\"”'»’“\n]{{1,60}}{_CLOSES}"
            rf"\s+(?:[^.!?\n]{{0,25}}\s)?(?:to|at|an|à|a|para|đến|tới|cho)\s+(?:[^.!?\n]{{0,25}}\s)?{_ADDRESS}",
            "@"),
        (5.3, SEND,
            rf"\w+\b{_NOT_FOR_LISTS}[^.!?\n]{{0,50}}?{_ADDRESS}[\s,;:.–-]{{1,3}}{_SMALL}[\"“«„`][^\"”»“\n`]{{1,60}}"
            r"[\"”»“`]",
            "@"),
        (5.0, "to recipient receiver address addressee destination",
            rf"\w+(?:\s+(?:is|should\s+be|will\s+be|must\s+be))?\s{{0,2}}[:=]?\s{{0,2}}[\"']?{_ADDRESS}[\"']?\s{{0,2}}"
            r"[.,;|/\n ]\s{0,3}(?:and\s+)?(?:the\s+)?(?:body|text|contents?|message)\b\s{0,2}"
            r"(?:[:=]|is\b|should\b|will\b|must\b)",
            "@"),
        (3.6, "email e-mail mail",
            rf"[\w-]+\s+{_ADDRESS}[\s,:-]{{1,3}}(?:[\"“„«]|(?:and\s+(?:say|write|tell)|saying)\b)",
            "@"),
        (5.0, "发 給 给 向",
            rf".[^。！？\n]{{0,16}}?{_ADDRESS}[^。！？\n]{{0,16}}?(?:内容|正文|写上|写着|只写|说)",
            "@"),
    ),
}  # fmt: skip
