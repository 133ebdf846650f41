"""What mail programs write around quoted history, in the languages that they speak.

Decides nothing: only words. All are lower case; where a program writes both genders, either may stand alone.
"""

from __future__ import annotations

import re

from postbox.screening.distilling.words import words


def _lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for part in text.split("\n") for line in part.split("|") if line.strip())


_WROTE = frozenset(
    words(
        """
    wrote writes write said says schrieb schreibt geschrieben écrit écrivait escribió escribio escribe escriure
    escreveu escreve scritto scrive schreef schrijft geschreven napisał napisała napisał(a) napisał/a napisal
    napisala pisze skrev skriver skrifaði kirjoitti napsal napsala napsal(a) napísal napísala napísal(a) píše
    napisao napisal(a) napisao/la napisal/-a írta scris yazdı viết menulis kirjutas rakstīja rašė пишет писал
    писала написал написала написал(а) написало пише написав написав(ла) написа έγραψε
    """
    )
)
_WROTE_PARTS = (
    *(
        "ने लिखा",
        "লিখেছেন",
        "写道",
        "寫道",
        "写到",
        "のメール",
        "のメッセージ",
        "書きました",
        "さんは書",
        "작성",
        "썼습니다",
    ),
    *("כתב", "كتب", "كتابة", "نوشت", "เขียน"),
)


def wrote(line: str) -> bool:
    """Whether a line has a verb of writing, as it stands beside a name and a date."""
    if not _WROTE.isdisjoint(line.lower().replace(":", " ").replace(",", " ").split()):
        return True
    return not line.isascii() and any(part in line for part in _WROTE_PARTS)


BEGINS = re.compile(
    r"(?:on|at|am|le|el|il|em|op|dnia|w dniu|den|dne|dňa|dana|la|pe|vào|ngày|pada|az|στις|на|quoting|in message"
    r"|in article|once upon a time|zitat von|begin quote|citando)\b[ ,:]",
    re.I,
).match
"""How the line that says when somebody wrote may begin."""

FROM = _lines(
    """
    from | von | de | da | van | od | fra | från | lähettäjä | от | від | от кого | kimden | 差出人 | 送信者
    发件人 | 寄件者 | 寄件人 | 보낸 사람 | 보낸사람 | 보낸이 | từ | người gửi | प्रेषक | из | feladó | de la
    expéditeur | remitente | remetente | mittente | afzender | absender | avsändare | avsender | afsender
    nadawca | odesílatel | odosielateľ | dari | จาก | מאת | من | από | saatja | no | nuo | šalje
    pošiljatelj
    """
)
HEADERS = FROM | _lines(
    """
    sent | date | to | cc | bcc | subject | reply-to | importance | gesendet | datum | an | betreff | kopie
    envoyé | date d'envoi | à | objet | enviado | enviado el | fecha | para | asunto | enviada em | enviada
    data | assunto | inviato | a | oggetto | verzonden | aan | onderwerp | wysłano | do | temat | dw
    skickat | till | ämne | kopia | sendt | til | emne | dato | kopi | lähetetty | vastaanottaja | aihe
    päivämäärä | kopio | odesláno | komu | předmět | predmet | отправлено | дата | кому | тема | копия
    копія | надіслано | 送信日時 | 日時 | 日付 | 宛先 | 件名 | 发送时间 | 发送日期 | 日期 | 收件人 | 抄送
    主题 | 寄件日期 | 傳送時間 | 收件者 | 副本 | 主旨 | 보낸 날짜 | 날짜 | 받는 사람 | 받는사람 | 참조
    제목 | gönderildi | gönderilme tarihi | tarih | gönderme tarihi | kime | bilgi | konu | ngày | đã gửi
    đến | tới | tiêu đề | chủ đề | भेजा गया | दिनांक | सेवा में | प्रति | विषय | elküldve | dátum | címzett
    tárgy | trimis | dată | către | subiect | vastaanottajat | tanggal | kepada | subjek | ส่ง | ถึง
    เรื่อง | נשלח | אל | נושא | تاريخ | إلى | الموضوع | στάλθηκε | προς | θέμα | дата отправки | изпратено
    до | относно
    """
)
"""Names of the lines that stand above a message which is quoted whole, as Outlook does."""

SENT = _lines(
    """
    sent | gesendet | envoyé | enviado | enviado el | enviada em | enviada | inviato | verzonden | wysłano
    skickat | sendt | lähetetty | odesláno | отправлено | надіслано | 送信日時 | 发送时间 | 寄件日期
    傳送時間 | 보낸 날짜 | gönderildi | gönderilme tarihi | đã gửi | भेजा गया | elküldve | trimis | στάλθηκε
    נשלח
    """
)
ORIGINAL = _lines(
    """
    original message | original-nachricht | originalnachricht | ursprüngliche nachricht | message d'origine
    message original | message initial | mensaje original | mensagem original | messaggio originale
    oorspronkelijk bericht | origineel bericht | oorspronkelijke bericht | wiadomość oryginalna
    oryginalna wiadomość | originalmeddelande | ursprungligt meddelande | oprindelig meddelelse
    original meddelelse | opprinnelig melding | alkuperäinen viesti | původní zpráva | pôvodná správa
    исходное сообщение | оригинальное сообщение | первоначальное сообщение | 元のメッセージ
    オリジナルメッセージ | 原始邮件 | 原始郵件 | 原始信件 | 원본 메시지 | 원본 메일 | orijinal mesaj
    özgün ileti | orijinal ileti | thư gốc | tin nhắn gốc | मूल संदेश | eredeti üzenet | mesaj original
    mesajul original | reply message | in reply to | antwort | reply separator | pesan asli | αρχικό μήνυμα
    оригінальне повідомлення | ข้อความต้นฉบับ | הודעה מקורית | الرسالة الأصلية
    """
)
FORWARDED = _lines(
    """
    forwarded message | begin forwarded message | start of forwarded message | forwarded by | forwarded mail
    original forwarded message | weitergeleitete nachricht | anfang der weitergeleiteten nachricht
    weitergeleitete e-mail | message transféré | message transmis | début du message transféré
    début du message réexpédié | mensaje reenviado | inicio del mensaje reenviado | mensagem encaminhada
    mensagem reencaminhada | início da mensagem encaminhada | início da mensagem reencaminhada
    messaggio inoltrato | inizio messaggio inoltrato | doorgestuurd bericht | begin doorgestuurd bericht
    wiadomość przekazana dalej | przekazana wiadomość | treść przekazanej wiadomości
    początek przekazywanej wiadomości | vidarebefordrat meddelande | vidarebefordrat brev
    vidarebefordrat mejl | videresendt besked | videresendt meddelelse | videresendt melding
    start på videresendt besked | starten på videresendt melding | välitetty viesti
    edelleenlähetetty viesti | välitetty viesti alkaa | přeposlaná zpráva | začátek přeposílané zprávy
    preposlaná správa | пересылаемое сообщение | пересланное сообщение | начало переадресованного сообщения
    переслане повідомлення | 転送メッセージ | 転送されたメッセージ | 转发的邮件 | 已转发邮件 | 转发邮件信息
    轉寄郵件 | 已轉寄的郵件 | 以下是转发的邮件 | 전달된 메시지 | 전달된 메일 | yönlendirilmiş mesaj
    iletilmiş mesaj | yönlendirilen ileti | iletilen mesaj başlangıcı | thư đã chuyển tiếp
    thư được chuyển tiếp | अग्रेषित संदेश | अग्रेषित किया गया संदेश | továbbított üzenet
    mesaj redirecționat | mesaj transmis
    """
)

REPLY_SUBJECTS = _lines(
    """
    re | aw | sv | vs | antw | odp | res | rif | r | vá | ynt | yan | ответ | на | 回复 | 答复 | 回覆 | 返信
    답장 | 회신 | trả lời | hf | bls | απ | ref | réf | r.
    """
)
FORWARD_SUBJECTS = _lines(
    """
    fw | fwd | wg | tr | rv | enc | i | inoltro | doorst | fs | pd | vb | vl | edelleen | пересл | fwd.
    ilt | i̇lt | 转发 | 轉寄 | 転送 | 전달 | chuyển tiếp | továbbítás | přep | tovább | pfwd | reenv
    """
)

_DEVICE = (
    r"(?:iphon|ipad|ipod|android|samsung|galaxy|blackberry|huawei|xiaomi|redmi|oneplus|pixel|outlook|windows|gmail|mail"
    r"|smartphone|mobil|phone|handy|telefon|móvil|celular|téléphone|portable|proton|yahoo|aol|spark|thunderbird"
    r"|superhuman|tutanota|k-9|айфон|телефон|携帯|手机|手機|휴대|电话)"
)
_SENT_FROM = (
    r"(?:sent (?:from|with|via|using|by)|von meine[mr]|gesendet (?:von|mit|über)|diese nachricht wurde von"
    r"|envoyé (?:de|depuis|avec|à partir)|enviado (?:desde|do|da|con|com|de|a partir)|inviato (?:da|dal|con)"
    r"|verzonden (?:vanaf|met|van)|verstuurd (?:vanaf|met|van)|wysłan[eoya] (?:z|ze|za)|skickat (?:från|via|med)"
    r"|sendt (?:fra|via|med)|lähetetty|odesláno (?:z|ze)|odoslané (?:z|zo)|отправлено (?:с|из|от)|надіслано (?:з|із)"
    r"|(?:được )?gửi từ|elküldve|küldve|trimis de|dikirim dari|enviat des|poslano (?:z|s)"
    r"|在我的|从我的|從我的|发自|發自|나의|내|मेरे|मेरी)"
)
_ADVERTISED = (
    r"(?:get|holen sie sich|télécharge[rz]?|obtenez|obt[eé]n(?:er)?|obter|obtenha|scarica|ottieni|download|hämta|hent)"
)
MOBILE = re.compile(
    rf"[-–—]*\s*(?:{_SENT_FROM}[^\n]{{0,60}}?{_DEVICE}|{_ADVERTISED} outlook (?:for|für|pour|para|per|voor|för|til)\b"
    r"|outlook (?:for|für|pour|para|per|voor|för|til) (?:ios|android|mac)\b"
    r"|\S{0,20}(?:iphone|ipad|android|outlook)[^\n]{0,20}(?:から送信|에서 보냄|gönderildi))[^\n]{0,80}\Z",
    re.I,
).match
"""The line that a telephone signs with."""
_DEVICES = ("iphon", "ipad", "android", "outlook", "手机", "手機", "携帯", "휴대", "айфон")
_FIRST_WORDS = frozenset(
    words(
        """
    sent von gesendet diese envoyé enviado inviato verzonden verstuurd wysłane wysłano wysłana skickat sendt lähetetty
    odesláno odoslané отправлено надіслано gửi được elküldve küldve trimis dikirim enviat poslano
    """
    )
)


def may_sign_off(lower: str) -> bool:
    """A quick look at whether ``MOBILE`` is worth trying on a line in lower case."""
    return lower.lstrip("-–— ").partition(" ")[0] in _FIRST_WORDS or any(device in lower for device in _DEVICES)
