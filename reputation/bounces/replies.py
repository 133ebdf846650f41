"""Automatic replies of people's mailboxes (RFC 3834): vacation notices and their kin.

Decides that a mail was written by no hand. What a mail system says of a delivery is not one, though it is marked as
automatic too.
"""

from __future__ import annotations

import re

from reputation.bounces.addresses import addresses, is_robot
from reputation.bounces.bounce import Bounce, Kind
from reputation.bounces.fragments import pattern, plain
from reputation.bounces.letter import Letter
from reputation.bounces.reasons import Reason

_OPENING = pattern(
    r"""
    auto(?:matic|mated|matische|matica|m[áa]tica)?[ -]?(?:reply|response|replied|antwort|answer) | auto ?: | autosvar
    auto-?re(?:ply|sponse) | \[?auto\b | out of (?:the )?office | vacation | on vacation | away from | i am away
    abwesen | automatische antwort | réponse automatique | absence | absent | respuesta autom[áa]tica
    fuera de (?:la )?oficina | risposta automatica | fuori ufficio | resposta autom[áa]tica | automatisch antwoord
    automatiskt svar | frånvaro | automatyczna odpowied | автоответ | 自動(?:返信|応答|回复|回覆) | 自动(?:回复|答复)
    不在
    """
)
_SUBJECT = re.compile(rf"\W{{0,3}}(?:re: ?)?(?:{_OPENING.pattern})")
_SUBJECT_CHARACTERS = 500
_MARKS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoreply-from",
    "x-autoresponder",
    "x-mail-autoreply",
    "x-apple-action",
    "x-auto-reply-from",
)


def is_marked(letter: Letter) -> bool:
    """Whether the mail says in so many words that it is a person's automatic reply."""
    if any(letter.field(name) not in ("", "no") for name in _MARKS):
        return True
    if letter.field("precedence").lower() in ("auto_reply", "auto-reply"):
        return True
    return _SUBJECT.match(plain(letter.field("subject")[:_SUBJECT_CHARACTERS])) is not None and (
        is_automatic(letter) or is_reply(letter)
    )


def is_automatic(letter: Letter) -> bool:
    """Whether Auto-Submitted says so (RFC 3834, section 5)."""
    return letter.field("auto-submitted").lower().startswith(("auto-replied", "auto-generated", "auto-notified"))


def is_reply(letter: Letter) -> bool:
    """Whether it answers a mail."""
    return bool(letter.field("in-reply-to") or letter.field("references") or letter.field("x-auto-response-suppress"))


def read(letter: Letter) -> list[Bounce]:
    """The reply, whose recipient is who it came from."""
    who = [
        address for name in ("from", "reply-to") for address in addresses(letter.field(name)) if not is_robot(address)
    ]
    return [Bounce(Kind.AUTO_REPLY, who[0] if who else "", reason=Reason.VACATION)]
