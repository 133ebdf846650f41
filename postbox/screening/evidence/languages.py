"""The same families in German, French, Spanish, Portuguese, Italian, Chinese, Hindi, Vietnamese, Slavic languages.

Decides wording only (see ``rules``). Chinese triggers are found as substrings, since Chinese sets no blanks.
"""

from __future__ import annotations

from typing import Final

from postbox.screening.evidence.families import Entry, Family

PARTS: Final = {
    "DE_ORDERS": "(?:anweisung|instruktion|befehl|vorgabe|regel|aufgab|auftr|information|ausführung|text|prompt"
        r"|nachricht)\w*",
    "DE_PRIOR": "(?:vorherig|vorig|bisherig|obig|alle|vorangehend|vorangegangen|früher|deine|ihre|davor|zuvor"
        r"|gegeben)\w*",
    "ROMANCE_ORDERS": r"(?:instruc\w+|instruç\w+|istruzion\w+|consignes?|directives?|órdenes|ordenes|ordini|ordens"
        r"|ordres|comand\w+|indica\w+|reglas|regras|regole|règles|direttiv\w+|diretriz\w+|tareas?"
        r"|tarefas?|compiti|mensajes?|todo|tudo|tutto|tout)\b",
}  # fmt: skip

_OVERRIDE: Final[tuple[Entry, ...]] = (
    (6.0, "ignoriere ignorieren ignorier vergiss vergesse vergessen missachte missachten verwirf",
        r"\w+\s+(?:sie\s+)?[^.!?]{0,40}?\b(?:<DE_PRIOR>\s+[^.!?]{0,20}?<DE_ORDERS>"
        r"|alles\b[^.!?]{0,20}?\b(?:davor|zuvor|vorher\w*|bisher\w*|oben))"),
    (5.0, "vergiss vergessen vergesse",
        r"\w+\s+(?:sie\s+)?(?:nun\s+|jetzt\s+|bitte\s+)?(?:alles|alle)\b"),
    (5.4, "obigen vorherigen vorigen bisherigen",
        r"\w+\s+<DE_ORDERS>[^.!?]{0,40}?\b(?:ignorier\w*|vergiss|vergessen|missacht\w*|hinter|beachte\w*)"),
    (5.2, "abweichend entgegen",
        r"\w+\s+(?:zu|von|den|der|aller)\s+[^.!?]{0,20}?<DE_ORDERS>"),
    (6.0, "zaboravi zanemari забудь забудьте игнорируй игнорируйте zapomnij zignoruj",
        r"\w+\s+(?:\w+\s+){0,3}?(?:instruk|naredb|upute|инструк|указан|правил|команд|polece|wszystk)\w*"),
    (3.8, "stopp achtung stop",
        r"\w+\s*[-!.,:]+\s*(?:stopp|ich\s+benötige|schreib|sag|vergiss|jetzt|nun)\b"),
    (6.0, "ignorez ignore oubliez oublie négligez ignora ignorar ignoren ignorad olvida olvide olviden"
        " olvidar olvídate ignori ignorate ignorare dimentica dimenticate dimenticare esqueça esquece"
        " esquecer ignorem desconsidere desconsidera descarta",
        r"\w+\s+[^.!?]{0,40}?\b<ROMANCE_ORDERS>[^.!?]{0,30}?\b(?:anterior\w*|previ\w+|prévi\w+"
        r"|précédent\w*|antérieur\w*|precedent\w*|arriba|acima|sopra|dessus|antes|prima|avant|sabes|dit"
        r"|detto|dicho|disse|recibid\w+|ricevut\w+|reçu\w*|receb\w+)"),
    (5.6, "ignorez oubliez oublie ignora ignore olvida olvide dimentica ignorate esqueça desconsidere",
        r"\w+\s+(?:toutes?|tous|todas?|todos|tutte|tutti|le|les|las|los|as|os|tes|vos|tus|sus|suas)"
        r"\s+(?:\w+\s+){0,2}?(?:précédentes?|anteriores|precedenti|previas)?\s*<ROMANCE_ORDERS>"),
    (4.4, "olvidar olvida dimentica esqueça oublie oubliez",
        r"\w+\s+(?:de\s+)?(?:todo|tutto|tudo|tout)\b"),
    (6.0, "忽略 无视 忘记 忽視 無視 忘掉",
        ".{2}.{0,16}?(?:指令|指示|命令|提示|规则|規則|内容|要求|一切|所有)"),
    (6.0, "पिछले सभी पूर्व",
        "[^।.!?]{0,40}?(?:निर्देश|आदेश|नियम)[^।.!?]{0,30}?(?:अनदेखा|भूल|नज़रअंदाज़|नजरअंदाज|उपेक्षा)"),
    (6.0, "bỏ phớt quên",
        r"(?:bỏ qua|phớt lờ|quên)\s+[^.!?]{0,30}?(?:hướng dẫn|chỉ dẫn|lệnh|chỉ thị|yêu cầu|quy tắc"
        "|mọi thứ)"),
)  # fmt: skip

_PERSONA: Final[tuple[Entry, ...]] = (
    (4.2, "du",
        r"du\s+bist\s+(?:jetzt|nun|ab\s+sofort|ab\s+jetzt|ein|eine|keine?)\b"),
    (4.2, "nun jetzt",
        r"\w+\s+bist\s+du\b"),
    (5.0, "möchte will",
        r"\w+,?\s+dass\s+(?:sie|du)\s+(?:als|wie)\s+[^.!?]{0,80}?\b(?:fungier|agier|handel|antwort"
        r"|verhalt)\w*"),
    (4.2, "agiere verhalte handle",
        r"\w+\s+(?:dich\s+)?(?:nun\s+|jetzt\s+)?(?:als|wie)\s+"),
    (4.4, "eres vous tu ahora agora ora sei",
        r"\w+\s+(?:ahora\s+|agora\s+|ora\s+|êtes\s+|es\s+|sei\s+|eres\s+|é\s+){1,2}(?:maintenant|adesso"
        r"|un|una|une|um|uma)\s+(?:\w+\s+)?(?:assistent\w*|asistent\w*|assistant|ia|bot|chatbot"
        r"|intelligen\w+|inteligen\w+|modelo?|modèle|modello)"),
    (4.0, "actúa actua agis agissez agisci comporta aja finge fingi",
        r"\w+\s+(?:como|comme|come)\s+"),
    (5.4, "你现在是 假装你是 扮演 你是一个",
        ".{2,5}.{0,12}?(?:助手|机器人|模型|角色|人工智能|ai|gpt)"),
    (5.0, "अब",
        r"अब\s+(?:तुम|आप)\s+(?:एक\s+)?[^।.!?]{0,30}?(?:सहायक|बॉट|एआई|मॉडल|हैं|हो)"),
    (5.0, "bạn",
        r"bạn\s+(?:bây giờ\s+|hiện\s+)?là\s+(?:một\s+)?(?:trợ lý|chatbot|mô hình|ai)\b"),
)  # fmt: skip

_TASK: Final[tuple[Entry, ...]] = (
    (4.4, "neue neuen neuer weitere",
        r"\w+\s+(?:aufgaben?|anweisung\w*|instruktion\w*|regeln?|befehl\w*)\b"),
    (4.4, "konzentriere konzentrieren",
        r"\w+\s+(?:dich|sie\s+sich)\s+[^.!?]{0,20}?\bauf\b"),
    (3.8, "formuliere schreibe verfasse",
        r"\w+\s+(?:mir\s+)?(?:für\s+[^.!?]{0,30}?|nun\s+)?(?:ein|eine|einen|das)\s+(?:\w+\s+)?(?:gedicht"
        "|manifest|aufsatz|überschrift|liebesgedicht|text|rede|geschichte)"),
)  # fmt: skip

_SECRECY: Final[tuple[Entry, ...]] = (
    (4.6, "nutzer benutzer anwender",
        r"\w+\s+(?:nichts|nicht)\b"),
    (4.8, "digas diga menciones informes reveles avises dis dites informez informe mentionnez dire diga"
        " avise mencione informare",
        r"\w+\s+(?:\w+\s+){0,3}?(?:al|el|ao|o|à l['’]|all['’]|l['’])\s*(?:usuario|usuário|utilisateur"
        r"|utente)\b"),
    (5.4, "不要告诉用户 不要通知用户 请勿告诉用户",
        ".{5,7}"),
    (5.0, "đừng không",
        r"\w+\s+(?:được\s+)?(?:nói|báo|thông báo|tiết lộ|cho)\s+[^.!?]{0,20}?người dùng"),
)  # fmt: skip

_EXFILTRATION: Final[tuple[Entry, ...]] = (
    (4.4, "envía envia enviar envoie envoyez invia inviare reenvía reenvia encaminhe inoltra transférez"
        " transfère transfiere",
        r"\w+\s+[^.!?]{0,60}?(?:contraseñ\w+|mot\w*\s+de\s+passe|senhas?|password|correos|courriels"
        r"|e-?mails|messaggi|mensagens|fichiers|archivos|iban)\b[^.!?]{0,60}?\b(?:a|à|para)\s+\S{1,60}"),
    (5.4, "系统提示 发送到 转发到 转发给",
        ".{3,4}(?:词|.{0,12}@|.{0,6}https?)"),
)  # fmt: skip

RULES: Final = {
    Family.OVERRIDE: _OVERRIDE,
    Family.PERSONA: _PERSONA,
    Family.TASK: _TASK,
    Family.SECRECY: _SECRECY,
    Family.EXFILTRATION: _EXFILTRATION,
}
