"""Whether a mail that follows no standard is the notice of a mail system.

Decides by who sends it, what its subject says and what its words say: two of the three, or one with a mark that only a
mail system sets. A person who quotes a notice, or a list that does, is not one, and neither is a notice that the mail
was delivered.
"""

from __future__ import annotations

from reputation.bounces.addresses import addresses, is_robot
from reputation.bounces.fragments import pattern, plain
from reputation.bounces.letter import Letter

_OPENING_CHARACTERS = 4000
_SUBJECT_CHARACTERS = 500
_NAME = pattern(
    r"""
    mail deliver\w* (?:sub)?(?:system|service|agent) | mailer[- ]?daemon | \bmdaemon\b | \bpostmaster\b
    ndr administrator | delivery notification
    """
)
_SUBJECT = pattern(
    r"""
    undeliver | non-?deliver | not (?:be )?delivered | returned (?:mail|to sender|message|e-?mail)
    (?:mail|message|delivery|e-?mail).{0,12} (?:delivery )?(?:fail|error|problem|returned|status|delay|not sent|\
        was not|could not|undeliv|report|reject|block)
    delivery (?:status|fail|report|notif|error|problem|has|subsystem|incomplete|to |was |delay)
    failure (?:notice|delivery|notification) | failed (?:mail|message|delivery|to deliver)
    could ?n.t (?:be )?deliver | could not (?:be )?(?:send|sent|deliver) | (?:unable|impossible) to deliver
    cannot (?:send|deliver) | can.t be delivered | rejected (?:mail|message) | mail system error | error sending
    delayed | (?:delivery )?warning: (?:message|could not|\d) | bounce | you sent.{0,20}block | message you sent
    considered unsolicited | problem delivering | unzustellbar | nicht zustellbar | nicht zugestellt | zustell
    fehlgeschlagen | non remis | non distribu | échec | no (?:se )?(?:ha |pudo |puede )?(?:sido )?entreg
    no entregado | devuelto | mancato recapito | non recapitat | n[ãa]o (?:foi )?entregue | falha | onbestelbaar
    niet (?:kunnen |worden )?(?:be|afge)zorg | oleverer | kunde inte levereras | nie ?dostarcz | не доставлен
    недоставлен | не может быть доставлен | 配信(?:することが)?(?:でき|不能|エラー|失敗) | 送信(?:でき|エラー|失敗)
    不達 | エラー ?メール | 戻 | 退信 | 无法投递 | 投递失败 | 退回 | 배달 ?실패 | 전송 ?실패 | 반송
    """
)
_WORDS = pattern(
    r"""
    (?:could|can|would|was|were|has|have|had|is|will) ?(?:not|n.t)(?: yet| been| be| able to| able| possible to){0,4} \
        (?:be )?(?:deliver|sent|send|reach|relay|transmit)
    (?:could|can|will)n.t (?:be )?(?:deliver|sent) | cannot (?:be )?(?:send|sent|deliver) | couldn.t (?:be )?deliver
    unable to (?:be )?(?:deliver|send|reach|relay) | wasn.t able to (?:be )?deliver | undeliver(?:able|ed)
    non-?deliver | not delivered
    deliver\w* (?:to |of |the |for |your |following |message |this |these |recipients? |has |have |was |\
        attempt |status |by |a ){0,6}(?:fail|error|was aborted|impossible|problem|delay|been delayed|status|\
        suspended|incomplete|unsuccess)
    delivery has been | delevery to the | permanent(?:ly)? (?:fatal |delivery )?(?:error|fail) | fatal errors
    had (?:delivery )?(?:errors|problems) | permanent delivery errors | transcript of (?:the )?(?:session|attempts)
    mail delivery (?:software|system|program|agent|subsystem|failed) | returned (?:mail|message|to sender)
    (?:was|were|been|be|is) (?:automatically )?(?:rejected|returned|bounced|blocked|refused|undeliver|not accepted)
    failed to (?:deliver|send) | rejected by | failure reasons
    fail(?:ed|ure) (?:addresses|recipients|for the following|notice)
    (?:message|mail) (?:is delayed|has been delayed) | unknown user | user unknown | no such user
    [45]\d\d[ -][45]\.\d\.\d | not (?:yet )?been delivered | has failed | error(?:s)? (?:has |have )?occurred
    message (?:was |has been )?(?:rejected|undelivered) | did not reach | no valid recipients
    nicht (?:an .{0,60})?(?:zugestellt|zustellbar|ausgeliefert|übermittelt) | unzustellbar | échec de (?:la )?remise
    n.a pas (?:pu|été) (?:être )?(?:remis|délivr|distribu) | no (?:se )?(?:pudo|ha podido|puede) (?:ser )?entreg
    non è stato (?:possibile )?(?:recapit|consegn) | n[ãa]o (?:p[ôo]de|foi) (?:ser )?entreg
    kon niet (?:worden )?(?:be|afge) | nie (?:została|mogła zostać|może być) dostarczon
    не (?:может быть|был[оа]?) доставлен | 送信(?:することが)?できません
    配信(?:することが)?できません | 送信に失敗 | 配信に失敗 | 届きません | お届けできません | エラーのため
    无法(?:投递|送达|发送) | 未能送达 | 退信 | 無法(?:投遞|傳送|送達) | 전송(?:할 수|되지)
    """
)
_DELIVERED = pattern(
    r"""
    (?:successfully|has been|have been|was|were) (?:successfully )?delivered (?:to|on)
    delivery to these recipients .{0,40}is complete | (?:successfully )?relayed to the following
    erfolgreich zugestellt | remis aux destinataires suivants
    """
)
_DELIVERED_SUBJECT = pattern(r"\((?:success|relay|relayed|expanded)\) | ^(?:delivered|relayed|expanded):")
# fml, a mailing list manager, refuses the mail of who may not post by a mail of its own kind.
_LIST_REFUSES = pattern(r"not (?:a )?member | reject | ignored not ml article | loop (?:alert|back)")
_LIST = ("list-id", "list-post", "list-unsubscribe", "x-mailing-list", "x-beenthere")


def is_notice(letter: Letter) -> bool:
    """Whether a mail system wrote it to say that a mail did not arrive."""
    subject = subject_tells(letter)
    words = _WORDS.search(plain(letter.text[:_OPENING_CHARACTERS])) is not None
    if _is_delivered(letter):
        return False
    system = from_system(letter)
    if letter.field("x-failed-recipients"):
        return subject or words or system
    if system:
        return subject or words
    if letter.field("x-mlserver").lower().startswith("fml"):
        return _LIST_REFUSES.search(_subject(letter)) is not None
    if any(letter.field(name) for name in _LIST) or letter.field("in-reply-to"):
        return False
    returned, empty = bool(letter.original), _empty_sender(letter)
    return words and (subject and (returned or empty) or returned and empty)


def subject_tells(letter: Letter) -> bool:
    """Whether its subject is that of a notice."""
    return _SUBJECT.search(_subject(letter)) is not None


def _subject(letter: Letter) -> str:
    return plain(letter.field("subject")[:_SUBJECT_CHARACTERS])


def _is_delivered(letter: Letter) -> bool:
    if _DELIVERED_SUBJECT.search(_subject(letter)):
        return True
    told = plain(letter.text[:_OPENING_CHARACTERS])
    return _DELIVERED.search(told) is not None and _WORDS.search(told) is None


def from_system(letter: Letter) -> bool:
    """Whether a mail system's address or name sent it."""
    sender = letter.field("from")
    if any(is_robot(address) for address in addresses(sender)) or _NAME.search(plain(sender)):
        return True
    return any(is_robot(address) for address in addresses(letter.field("sender")))


def _empty_sender(letter: Letter) -> bool:
    """Whether it came with the null return path, as reports must (RFC 3461, section 6.1)."""
    path = letter.field("return-path").strip()
    return path in ("<>", "<null>") or letter.field("from").strip() == "<>" or is_robot(path.strip("<>"))
