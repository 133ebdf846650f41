"""What mail programs put around quoted history, in many languages. Names and addresses are made up."""

from __future__ import annotations

ANNA = "Anna Berg <anna@example.com>"
"""Who is quoted."""

HISTORY: dict[str, str] = {
    "en-gmail": (f"On Mon, Jan 1, 2024 at 10:00 AM {ANNA} wrote:\n\n> Old text\n> more"),
    "en-gmail-wrap": (
        "On Mon, Jan 1, 2024 at 10:00 AM Anna Margareta Berg-Longname\n"
        "<anna.longname@example.com> wrote:\n"
        "> Old text\n"
        "> more"
    ),
    "en-yahoo": (f"On Monday, January 1, 2024, 10:00:00 AM GMT+1, {ANNA} wrote:\n\nOld unquoted\nmore old"),
    "de-gmail": (f"Am Mo., 1. Jan. 2024 um 10:00 Uhr schrieb {ANNA}:\n\n> Alt"),
    "de-tb": ("Am 01.01.24 um 10:00 schrieb Anna Berg:\n> Alt\n> älter"),
    "de-outlook": (
        f"Von: {ANNA}\nGesendet: Montag, 1. Januar 2024 10:00\nAn: Bob <b@example.com>\nBetreff: Termin\n\nAlter Text"
    ),
    "fr": (f"Le lun. 1 janv. 2024 à 10:00, {ANNA} a écrit :\n\n> Vieux"),
    "fr-outlook": (f"De : {ANNA}\nEnvoyé : lundi 1 janvier 2024 10:00\nÀ : Bob\nObjet : Réunion\n\nVieux"),
    "es": ("El lun, 1 ene 2024 a las 10:00, Anna Berg (<anna@example.com>) escribió:\n\n> Viejo"),
    "es-outlook": (f"De: {ANNA}\nEnviado el: lunes, 1 de enero de 2024 10:00\nPara: Bob\nAsunto: Reunión\n\nViejo"),
    "pt": (f"Em seg., 1 de jan. de 2024 às 10:00, {ANNA} escreveu:\n\n> Velho"),
    "pt-outlook": (f"De: {ANNA}\nEnviado: segunda-feira, 1 de janeiro de 2024 10:00\nPara: Bob\nAssunto: Oi\n\nVelho"),
    "it": (f"Il giorno lun 1 gen 2024 alle ore 10:00 {ANNA} ha scritto:\n\n> Vecchio"),
    "it-outlook": (f"Da: {ANNA}\nInviato: lunedì 1 gennaio 2024 10:00\nA: Bob\nOggetto: Ciao\n\nVecchio"),
    "nl": (f"Op ma 1 jan 2024 om 10:00 schreef {ANNA}:\n\n> Oud"),
    "nl-outlook": (f"Van: {ANNA}\nVerzonden: maandag 1 januari 2024 10:00\nAan: Bob\nOnderwerp: Hoi\n\nOud"),
    "pl": (f"pon., 1 sty 2024 o 10:00 {ANNA} napisał(a):\n\n> Stare"),
    "pl-tb": ("W dniu 1.01.2024 o 10:00, Anna Berg pisze:\n> Stare"),
    "pl-outlook": (f"Od: {ANNA}\nWysłano: poniedziałek, 1 stycznia 2024 10:00\nDo: Bob\nTemat: Cześć\n\nStare"),
    "sv": (f"Den mån 1 jan. 2024 kl 10:00 skrev {ANNA}:\n\n> Gammalt"),
    "sv-outlook": (f"Från: {ANNA}\nSkickat: den 1 januari 2024 10:00\nTill: Bob\nÄmne: Hej\n\nGammalt"),
    "da": (f"Den man. 1. jan. 2024 kl. 10.00 skrev {ANNA}:\n\n> Gammelt"),
    "da-outlook": (f"Fra: {ANNA}\nSendt: 1. januar 2024 10:00\nTil: Bob\nEmne: Hej\n\nGammelt"),
    "no": (f"man. 1. jan. 2024 kl. 10:00 skrev {ANNA}:\n\n> Gammelt"),
    "fi": (f"ma 1. tammik. 2024 klo 10.00 {ANNA} kirjoitti:\n\n> Vanha"),
    "fi-outlook": (
        f"Lähettäjä: {ANNA}\nLähetetty: maanantai 1. tammikuuta 2024 10.00\nVastaanottaja: Bob\nAihe: Hei\n\nVanha"
    ),
    "cs": (f"po 1. 1. 2024 v 10:00 odesílatel {ANNA} napsal:\n\n> Staré"),
    "cs-outlook": (f"Od: {ANNA}\nOdesláno: pondělí 1. ledna 2024 10:00\nKomu: Bob\nPředmět: Ahoj\n\nStaré"),
    "ru": (f"пн, 1 янв. 2024 г. в 10:00, {ANNA}:\n\n> Старое"),
    "ru-mailru": (f"Понедельник, 1 января 2024, 10:00 +03:00 от {ANNA}:\n\n> Старое"),
    "ru-outlook": (f"От: {ANNA}\nОтправлено: 1 января 2024 г. 10:00\nКому: Bob\nТема: Привет\n\nСтарое"),
    "uk": (f"пн, 1 січ. 2024 р. о 10:00 {ANNA} пише:\n\n> Старе"),
    "ja": (f"2024年1月1日(月) 10:00 {ANNA}:\n\n> 古い"),
    "ja-unq": (f"2024年1月1日(月) 10:00 {ANNA}のメール:\n\n古い"),
    "ja-outlook": (f"差出人: {ANNA}\n送信日時: 2024年1月1日 10:00\n宛先: Bob\n件名: こんにちは\n\n古い"),
    "zh": (f"{ANNA} 于2024年1月1日周一 10:00写道：\n\n> 旧"),
    "zh-outlook": (f"发件人: {ANNA}\n发送时间: 2024年1月1日 10:00\n收件人: Bob\n主题: 你好\n\n旧"),
    "zh-tw": (f"{ANNA} 於 2024年1月1日 週一 上午10:00寫道：\n\n> 舊"),
    "zh-qq": (
        "------------------ 原始邮件 ------------------\n"
        '发件人: "Anna" <anna@example.com>;\n'
        "发送时间: 2024年1月1日(星期一) 上午10:00\n"
        '收件人: "Bob"<b@example.com>;\n'
        "主题: 你好\n"
        "\n"
        "旧"
    ),
    "ko": (f"2024년 1월 1일 (월) 오전 10:00, {ANNA}님이 작성:\n\n> 옛"),
    "ko-outlook": (f"보낸 사람: {ANNA}\n보낸 날짜: 2024년 1월 1일 월요일 오전 10:00\n받는 사람: Bob\n제목: 안녕\n\n옛"),
    "tr": (f"{ANNA}, 1 Oca 2024 Pzt, 10:00 tarihinde şunu yazdı:\n\n> Eski"),
    "tr-outlook": (f"Kimden: {ANNA}\nGönderildi: 1 Ocak 2024 Pazartesi 10:00\nKime: Bob\nKonu: Selam\n\nEski"),
    "vi": (f"Vào Th 2, 1 thg 1, 2024 vào lúc 10:00 {ANNA} đã viết:\n\n> Cũ"),
    "vi-outlook": (f"Từ: {ANNA}\nĐã gửi: Thứ Hai, 1 tháng 1, 2024 10:00\nĐến: Bob\nChủ đề: Chào\n\nCũ"),
    "hi": (f"सोम, 1 जन॰ 2024 को 10:00 am बजे को {ANNA} ने लिखा:\n\n> पुराना"),
    "hu": (f"{ANNA} ezt írta (időpont: 2024. jan. 1., H, 10:00):\n\n> Régi"),
    "ro": (f"În lun., 1 ian. 2024 la 10:00, {ANNA} a scris:\n\n> Vechi"),
    "el": (f"Στις Δευ 1 Ιαν 2024 στις 10:00 π.μ., ο χρήστης {ANNA} έγραψε:\n\n> Παλιό"),
    "he": (
        "\u202bבתאריך יום ב׳, 1 בינו׳ 2024 ב-10:00 מאת \u202aAnna\u202c\u200f <\u202aanna@example.com\u202c\u200f>:\n"
        "\n"
        "> ישן"
    ),
    "ar": (f"في الاثنين، 1 يناير 2024 في 10:00 ص تمت كتابة ما يلي بواسطة {ANNA}:\n\n> قديم"),
    "id": (f"Pada tanggal Sen, 1 Jan 2024 pukul 10.00 {ANNA} menulis:\n\n> Lama"),
    "th": (f"ในวันที่ จ. 1 ม.ค. 2024 เวลา 10:00 {ANNA} เขียนว่า:\n\n> เก่า"),
    "en-outlook-orig": (
        f"-----Original Message-----\nFrom: {ANNA}\nSent: Monday, January 1, 2024 10:00 AM\nTo: Bob\nSubject: Hi\n\nOld"
    ),
    "en-outlook-rule": (
        "________________________________\n"
        f"From: {ANNA}\n"
        "Sent: Monday, January 1, 2024 10:00 AM\n"
        "To: Bob\n"
        "Subject: Hi\n"
        "\n"
        "Old"
    ),
    "en-outlook-star": (f"*From:* {ANNA}\n*Sent:* Monday, January 1, 2024 10:00 AM\n*To:* Bob\n*Subject:* Hi\n\nOld"),
}
"""By language and program: how the history below an answer begins."""

SIGN_OFFS = (
    "Von meinem iPhone gesendet",
    "Gesendet mit der GMX Mail App",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Wysłane z iPhone'a",
    "Skickat från min iPhone",
    "Sendt fra min iPhone",
    "Lähetetty iPhonesta",
    "Odesláno z iPhonu",
    "Отправлено с iPhone",
    "iPhoneから送信",
    "发自我的iPhone",
    "從我的 iPhone 傳送",
    "나의 iPhone에서 보냄",
    "iPhone'umdan gönderildi",
    "Gửi từ iPhone của tôi",
    "मेरे iPhone से भेजा गया",
    "Sent from my Galaxy",
    "Sent with Proton Mail secure email.",
    "Sent from Yahoo Mail on Android",
    "Von meinem/meiner Galaxy gesendet",
    "Outlook für iOS beziehen",
    "Télécharger Outlook pour Android",
)
"""What telephones and programs sign with."""
