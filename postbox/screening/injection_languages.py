"""The same families in other languages: German, French, Spanish, Portuguese, Italian, Chinese, Hindi, Vietnamese.

Decides wording only: entries of family, weight, trigger words and the pattern from the trigger on. Chinese triggers are found as
substrings, since Chinese sets no blanks.
"""

from __future__ import annotations

from typing import Final

_DE_ORDERS = r"(?:anweisung|instruktion|befehl|vorgabe|regel|aufgab|auftr|information|ausführung|text|prompt|nachricht)\w*"
_DE_PRIOR = r"(?:vorherig|vorig|bisherig|obig|alle|vorangehend|vorangegangen|früher|deine|ihre|davor|zuvor|gegeben)\w*"
_ROMANCE_ORDERS = (
    r"(?:instruc\w+|instruç\w+|istruzion\w+|consignes?|directives?|órdenes|ordenes|ordini|ordens|ordres|comand\w+|indica\w+|reglas|"
    r"regras|regole|règles|direttiv\w+|diretriz\w+|tareas?|tarefas?|compiti|mensajes?|todo|tudo|tutto|tout)\b"
)

FOREIGN_RULES: Final[tuple[tuple[str, float, str, str], ...]] = (
    ("override", 6.0, "ignoriere ignorieren ignorier vergiss vergesse vergessen missachte missachten verwirf",
        rf"\w+\s+(?:sie\s+)?[^.!?]{{0,40}}?\b(?:{_DE_PRIOR}\s+[^.!?]{{0,20}}?{_DE_ORDERS}|alles\b[^.!?]{{0,20}}?\b(?:davor|zuvor|vorher\w*|bisher\w*|oben))"),
    ("override", 5.0, "vergiss vergessen vergesse", r"\w+\s+(?:sie\s+)?(?:nun\s+|jetzt\s+|bitte\s+)?(?:alles|alle)\b"),
    ("override", 5.4, "obigen vorherigen vorigen bisherigen", rf"\w+\s+{_DE_ORDERS}[^.!?]{{0,40}}?\b(?:ignorier\w*|vergiss|vergessen|missacht\w*|hinter|beachte\w*)"),
    ("override", 5.2, "abweichend entgegen", rf"\w+\s+(?:zu|von|den|der|aller)\s+[^.!?]{{0,20}}?{_DE_ORDERS}"),
    ("persona", 4.2, "du", r"du\s+bist\s+(?:jetzt|nun|ab\s+sofort|ab\s+jetzt|ein|eine|keine?)\b"),
    ("persona", 4.2, "nun jetzt", r"\w+\s+bist\s+du\b"),
    ("persona", 5.0, "möchte will", r"\w+,?\s+dass\s+(?:sie|du)\s+(?:als|wie)\s+[^.!?]{0,80}?\b(?:fungier|agier|handel|antwort|verhalt)\w*"),
    ("override", 6.0, "zaboravi zanemari забудь забудьте игнорируй игнорируйте zapomnij zignoruj", r"\w+\s+(?:\w+\s+){0,3}?(?:instruk|naredb|upute|инструк|указан|правил|команд|polece|wszystk)\w*"),
    ("persona", 4.2, "agiere verhalte handle", r"\w+\s+(?:dich\s+)?(?:nun\s+|jetzt\s+)?(?:als|wie)\s+"),
    ("out_of_place_task", 4.4, "neue neuen neuer weitere", r"\w+\s+(?:aufgaben?|anweisung\w*|instruktion\w*|regeln?|befehl\w*)\b"),
    ("out_of_place_task", 4.4, "konzentriere konzentrieren", r"\w+\s+(?:dich|sie\s+sich)\s+[^.!?]{0,20}?\bauf\b"),
    ("out_of_place_task", 3.8, "formuliere schreibe verfasse", r"\w+\s+(?:mir\s+)?(?:für\s+[^.!?]{0,30}?|nun\s+)?(?:ein|eine|einen|das)\s+(?:\w+\s+)?(?:gedicht|manifest|aufsatz|überschrift|liebesgedicht|text|rede|geschichte)"),
    ("override", 3.8, "stopp achtung stop", r"\w+\s*[-!.,:]+\s*(?:stopp|ich\s+benötige|schreib|sag|vergiss|jetzt|nun)\b"),
    ("secrecy", 4.6, "nutzer benutzer anwender", r"\w+\s+(?:nichts|nicht)\b"),
    ("override", 6.0, "ignorez ignore oubliez oublie négligez ignora ignorar ignoren ignorad olvida olvide olviden olvidar olvídate ignori"
        " ignorate ignorare dimentica dimenticate dimenticare esqueça esquece esquecer ignorem desconsidere desconsidera descarta",
        rf"\w+\s+[^.!?]{{0,40}}?\b{_ROMANCE_ORDERS}[^.!?]{{0,30}}?\b(?:anterior\w*|previ\w+|prévi\w+|précédent\w*|antérieur\w*|precedent\w*|arriba|acima|"
        r"sopra|dessus|antes|prima|avant|sabes|dit|detto|dicho|disse|recibid\w+|ricevut\w+|reçu\w*|receb\w+)"),
    ("override", 5.6, "ignorez oubliez oublie ignora ignore olvida olvide dimentica ignorate esqueça desconsidere",
        rf"\w+\s+(?:toutes?|tous|todas?|todos|tutte|tutti|le|les|las|los|as|os|tes|vos|tus|sus|suas)\s+(?:\w+\s+){{0,2}}?(?:précédentes?|anteriores|precedenti|previas)?\s*{_ROMANCE_ORDERS}"),
    ("override", 4.4, "olvidar olvida dimentica esqueça oublie oubliez", r"\w+\s+(?:de\s+)?(?:todo|tutto|tudo|tout)\b"),
    ("persona", 4.4, "eres vous tu ahora agora ora sei", r"\w+\s+(?:ahora\s+|agora\s+|ora\s+|êtes\s+|es\s+|sei\s+|eres\s+|é\s+){1,2}(?:maintenant|adesso|un|una|une|um|uma)\s+(?:\w+\s+)?"
        r"(?:assistent\w*|asistent\w*|assistant|ia|bot|chatbot|intelligen\w+|inteligen\w+|modelo?|modèle|modello)"),
    ("persona", 4.0, "actúa actua agis agissez agisci comporta aja finge fingi", r"\w+\s+(?:como|comme|come)\s+"),
    ("exfiltration", 4.4, "envía envia enviar envoie envoyez invia inviare reenvía reenvia encaminhe inoltra transférez transfère transfiere",
        r"\w+\s+[^.!?]{0,60}?(?:contraseñ\w+|mot\w*\s+de\s+passe|senhas?|password|correos|courriels|e-?mails|messaggi|mensagens|fichiers|archivos|iban)\b[^.!?]{0,60}?\b(?:a|à|para)\s+\S{1,60}"),
    ("secrecy", 4.8, "digas diga menciones informes reveles avises dis dites informez informe mentionnez dire diga avise mencione informare",
        r"\w+\s+(?:\w+\s+){0,3}?(?:al|el|ao|o|à l['’]|all['’]|l['’])\s*(?:usuario|usuário|utilisateur|utente)\b"),
    ("override", 6.0, "忽略 无视 忘记 忽視 無視 忘掉", r".{2}.{0,16}?(?:指令|指示|命令|提示|规则|規則|内容|要求|一切|所有)"),
    ("persona", 5.4, "你现在是 假装你是 扮演 你是一个", r".{2,5}.{0,12}?(?:助手|机器人|模型|角色|人工智能|ai|gpt)"),
    ("exfiltration", 5.4, "系统提示 发送到 转发到 转发给", r".{3,4}(?:词|.{0,12}@|.{0,6}https?)"),
    ("secrecy", 5.4, "不要告诉用户 不要通知用户 请勿告诉用户", r".{5,7}"),
    ("override", 6.0, "पिछले सभी पूर्व", r"[^।.!?]{0,40}?(?:निर्देश|आदेश|नियम)[^।.!?]{0,30}?(?:अनदेखा|भूल|नज़रअंदाज़|नजरअंदाज|उपेक्षा)"),
    ("persona", 5.0, "अब", r"अब\s+(?:तुम|आप)\s+(?:एक\s+)?[^।.!?]{0,30}?(?:सहायक|बॉट|एआई|मॉडल|हैं|हो)"),
    ("override", 6.0, "bỏ phớt quên", r"(?:bỏ qua|phớt lờ|quên)\s+[^.!?]{0,30}?(?:hướng dẫn|chỉ dẫn|lệnh|chỉ thị|yêu cầu|quy tắc|mọi thứ)"),
    ("persona", 5.0, "bạn", r"bạn\s+(?:bây giờ\s+|hiện\s+)?là\s+(?:một\s+)?(?:trợ lý|chatbot|mô hình|ai)\b"),
    ("secrecy", 5.0, "đừng không", r"\w+\s+(?:được\s+)?(?:nói|báo|thông báo|tiết lộ|cho)\s+[^.!?]{0,20}?người dùng"),
)  # fmt: skip
