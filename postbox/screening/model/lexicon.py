"""Words of nine languages by what they do in an order: the model's classes.

Decides names and word lists only. A class is one letter, so that a sentence's classes are a short string.
"""

from __future__ import annotations

from typing import Final

from postbox.screening.distilling.words import words

_LISTS: Final[dict[str, str]] = {
    # Verbs, as orders use them.
    "S": """send forward email e-mail mail transmit share post upload submit deliver dispatch relay cc bcc export
        exfiltrate leak message dm sende senden sendet schicke schick schicken leite weiterleiten weiter
        übermittle teile envoie envoyez envoyer transfère transférez transmets partage partagez envía envia
        enviar envíe envie reenvía reenviar reenvia comparte manda mande mandar encaminhe encaminhar encaminha
        compartilhe invia inviare inoltra inoltrare condividi 发 送 寄 转 भेजें भेजो भेज भेजिए gửi"
        copy text ping publish announce pass drop poste partage pasa passa 转 分""",
    "R": """reveal show print display output repeat tell list give disclose expose recite leak verrate zeige zeig
        nenne nenn gib drucke wiederhole révèle révélez montre montrez affiche affichez répète revela muestra
        imprime repite dime lista mostre mostra revele repita rivela ripeti stampa mostrami elenca 显 示 透 露 泄
        दिखाएं बताएं बताओ बताइए tiết hiển"
        inform notify remind warn stream informe informa avisa 告 通""",
    "Y": """say respond reply answer begin start end finish prefix sign conclude close state mention sag sage
        antworte antworten beginne beende erwähne dis dites réponds répondez commence mentionne di responde
        responder contesta menciona diga responda comece rispondi rispondere comincia menziona 回 答 说 जवाब कहें
        कहो trả nói""",
    "W": """write compose draft create generate produce develop craft invent brainstorm prepare make build suggest
        propose recommend schreibe schreib verfasse erstelle erzeuge formuliere erfinde écris écrivez rédige
        rédigez crée créez génère escribe escriba redacta crea genera escreva redija crie gere scrivi scrivere
        componi 写 创 建 编 生 लिखें लिखो लिखिए बनाएं viết tạo soạn"
        praise promote advertise endorse favour empfiehl lobe bewerte recommande conseille recomienda elogia
        recomende indique consiglia raccomanda loda 推 荐""",
    "X": """explain describe summarize summarise outline discuss analyze analyse compare define calculate compute
        solve evaluate classify identify determine assess rate categorize extract interpret investigate research
        predict estimate review teach erkläre erklär beschreibe fasse analysiere vergleiche berechne löse
        definiere bewerte explique expliquez décris résume résumez analyse calcule définis explica describe
        resume analiza calcula descreva analise spiega descrivi riassumi analizza 解 释 总 结 分 析 समझाएं समझाओ giải
        thích tóm phân""",
    "L": """translate übersetze übersetzen traduis traduisez traduire traduce traducir traduza traduzir traduci
        tradurre 翻 译 अनुवाद dịch""",
    "C": """modify change replace substitute convert encode encrypt decode decrypt rewrite rephrase paraphrase
        reverse scramble shuffle swap transform alter adjust amend jumble misspell rearrange anagram capitalize
        abbreviate ersetze wandle kodiere verschlüssele ändere remplace modifie convertis reemplaza modifica
        convierte codifica substitua modifique converta sostituisci converti 替 换 编 码 改 बदलें thay""",
    "A": """add include insert append embed integrate augment enhance incorporate attach put place weave inject
        supplement introduce füge ergänze hänge ajoute ajoutez insère intègre añade agrega incluye inserta
        adicione inclua insira aggiungi inserisci includi 添 加 插 जोड़ें शामिल thêm chèn
        agrega agregue adicionar rattache trage trag"
        paste commit enter mete coloca coloque metti 填""",
    "D": """delete remove erase wipe purge archive cancel destroy discard hide trash drop revoke lösche lösch
        löschen entferne storniere supprime supprimez efface annule elimina borra suprime cancela apague exclua
        apaga cancella annulla 删 除 取 消 हटाएं हटा xóa hủy
        decline reject kick ban expel empty clear close suspend demote kündige sperre résilie résiliez ferme fermez
        bloque retire cierra bloquea feche bloqueie remova chiudi disdici blocca togli đuổi khóa đóng"
        uninstall unfollow terminate quit unplug disconnect overwrite 关 撤""",
    "G": """run execute call invoke trigger use open visit browse navigate click download install fetch retrieve
        read access search find check get look perform carry launch load query scan collect gather führe
        ausführen starte rufe öffne besuche lade nutze benutze suche exécute exécutez lance ouvre ouvrez visite
        utilise cherche ejecuta abre visita usa busca descarga execute abra acesse use baixe esegui apri visita
        usa cerca scarica 执 行 打 开 访 问 调 用 चलाएं खोलें जाएं chạy mở truy"
        rerun deploy print import buzz start starte""",
    "M": """transfer pay wire purchase buy refund deposit withdraw donate remit approve authorize überweise zahle
        kaufe bezahle virement vire payez paie achète transfiere paga compra transfira pague compre trasferisci
        acquista bonifica 支 付 汇 款 购 买 भुगतान चुकाएं chuyển thanh mua
        settle reimburse repay overpay sell invest compre compra acheter achetez kauf bestelle commande
        commandez encomende ordina""",
    "B": """book reserve schedule invite register enroll reschedule arrange buche reserviere lade plane vereinbare
        réserve réservez invite planifie reserva invita programa agenda reserve agende convide prenota invita
        pianifica 预 订 邀 请 安 排 बुक đặt mời
        rent hire miete loue louez alquila alquile alugue noleggia marque fissa thuê"
        extend prolong shorten postpone verlängere verschiebe sage prolonge déplace reporte prorroga
        adie sposta 推 改 dời""",
    "K": """update set reset enable disable grant upgrade downgrade mark label flag move rename save store remember
        unlock block allow whitelist subscribe unsubscribe confirm verify configure activate deactivate
        aktualisiere setze aktiviere deaktiviere speichere merke markiere mets active enregistre souviens
        actualiza establece activa guarda recuerda atualize defina ative salve lembre aggiorna imposta attiva
        salva ricorda 更 新 设 置 记 अपडेट cập
        turn switch lock promote assign raise lower increase désactive désactivez desactiva desative disattiva
        tắt bật đổi"
        accept decline follow like star vote dim arm disarm mute pause stop restart reduce merge rebase revert push
        reopen refill renew return schalte mach dreh entriegle verriegle schließe öffne allume allumez éteins
        éteignez baisse monte coupe verrouille déverrouille enciende apaga sube baja abre desbloquea bloquea ligue
        desligue aumente acenda apague abra tranque destranque accendi spegni alza abbassa apri sblocca 调 锁 बंद
        चालू mở""",
    "I": """ignore disregard forget override bypass neglect overlook skip dismiss abandon ignoriere ignorieren
        vergiss vergesse vergessen missachte ignorez oublie oubliez oublier ignora ignorar olvida olvide olvidar
        olvídate omite desconsidere esqueça esquecer esquece dimentica dimenticare ignorare trascura 忽 略 无 视 忘
        अनदेखा भूल quên phớt bỏ""",
    "P": """act pretend imagine roleplay role-play simulate behave become assume impersonate play adopt spiele
        agiere verhalte handle tu simuliere stell agis comporte imagine joue actúa actua finge imagina simula
        compórtate aja finja imagine comporte agisci fingi immagina comportati simula 扮 演 假 装 अभिनय đóng giả""",
    # Nouns.
    "a": """response responses answer answers reply replies output outputs summary completion antwort antworten
        ausgabe zusammenfassung réponse réponses résumé respuesta respuestas salida resumen resposta respostas
        saída resumo risposta risposte riassunto उत्तर""",
    "o": """instruction instructions prompt prompts directive directives guideline guidelines rule rules command
        commands order orders task tasks policy policies objective objectives programming anweisung anweisungen
        instruktion instruktionen aufgabe aufgaben befehl befehle befehlen regel regeln vorgaben consigne
        consignes instrucción instrucciones tarea tareas reglas órdenes instrução instruções tarefa tarefas
        regras ordens istruzione istruzioni compito compiti regole ordini 指 令 任 务 निर्देश निर्देशों कार्य आदेश
        lệnh""",
    "i": """ai a.i llm llms assistant assistants chatbot chatbots gpt chatgpt gpt-4 gpt-3 model models agent agents
        bot bots claude copilot gemini bard siri alexa openai assistent assistenten ki sprachmodell modell ia
        asistente assistente modelo modelos modèle modello intelligenza 助 手 模 型 智 能 सहायक एआई मॉडल lý""",
    "u": """user users user's owner operator human principal nutzer benutzer nutzers anwender utilisateur
        utilisateurs usuario usuarios usuário usuários utente utenti 用 户 उपयोगकर्ता dùng""",
    "m": """emails e-mails inbox mailbox mails messages message thread threads conversation conversations chat
        posteingang nachrichten nachricht boîte courriels courriel messagerie bandeja correos correo mensajes
        caixa mensagens mensagem posta messaggi messaggio 邮 件 ईमेल संदेश thư""",
    "s": """password passwords passcode credential credentials key keys token tokens code codes secret secrets pin
        otp 2fa mfa login passphrase ssn passwort passwörter kennwort zugangsdaten schlüssel geheimnis mot passe
        identifiants contraseña contraseñas clave claves credenciales senha senhas chave credenciais password
        chiave credenziali 密 码 钥 पासवर्ड mật khẩu""",
    "n": """iban transaction transactions payment payments account invoice invoices bitcoin btc ethereum wallet usd
        eur dollars euros funds money balance bank bic swift refund gift konto überweisung rechnung zahlung geld
        compte facture paiement virement cuenta pago factura dinero transferencia conta pagamento fatura
        dinheiro transferência fattura bonifico conto denaro 账 钱 खाता पैसे tài tiền""",
    "f": """file files document documents folder folders drive attachment attachments spreadsheet database databases
        records record backup backups directory repository repo datei dateien dokument ordner anhang fichier
        fichiers dossier archivo archivos carpeta documento documentos arquivo arquivos pasta documenti cartella
        文 फ़ाइल फाइल tệp""",
    "e": """calendar event events meeting meetings appointment reservation reservations hotel flight restaurant
        booking trip termin kalender besprechung calendrier rendez-vous réunion calendario evento reunión
        reunião evento riunione appuntamento 会 议 日 历 कैलेंडर बैठक lịch""",
    "h": """slack channel channels teams workspace discord whatsapp telegram webhook kanal canal canale 频 道 kênh""",
    "t": """tool tools function functions api apis plugin plugins endpoint shell terminal bash powershell curl
        script werkzeug funktion outil outils fonction herramienta herramientas función ferramenta ferramentas
        função strumento strumenti funzione 工 具 函 数 उपकरण công""",
    "w": """poem story essay song joke haiku lyrics limerick riddle speech paragraph slogan screenplay dialogue
        novel sonnet rap recipe article blog tweet headline gedicht geschichte aufsatz witz lied rede
        schlagzeile poème histoire blague chanson poema historia cuento chiste canción ensayo piada história
        música redação poesia storia barzelletta canzone saggio 诗 故 笑 कविता कहानी thơ truyện""",
    "c": """python javascript java sql html css php c++ ruby rust perl algorithm function recursion regex json xml
        program snippet code loop array programm skript programme programa programma 程 代 प्रोग्राम trình""",
    "l": """letter letters vowel vowels consonant consonants space spaces word words character characters
        punctuation emoji emojis emoticon symbol symbols number numbers digit digits typo typos misspelling
        misspellings anagram anagrams uppercase lowercase base64 base32 hexadecimal binary caesar cipher rot13
        morse ascii backwards alphabet alphanumeric pig buchstaben wörter leerzeichen lettres mots voyelles
        letras palabras vocales palavras vogais lettere parole vocali""",
    "g": """french spanish german english italian portuguese chinese japanese russian hindi vietnamese arabic korean
        latin dutch deutsch englisch französisch spanisch français anglais allemand espagnol español inglés
        francés alemán português inglês francês inglese francese tedesco spagnolo mandarin""",
    "r": """system developer admin administrator root sysadmin moderator sistema système""",
    "q": """previous prior above earlier preceding former original initial foregoing existing everything all
        vorherigen vorherige bisherigen bisherige vorigen obigen alle alles zuvor vorher précédentes précédents
        toutes tous ci-dessus anteriores previas todas todos anterior antes precedenti tutte tutto tutti 之 前 以 上
        所 पिछले सभी पूर्व trước mọi""",
    # Small words that say who speaks to whom, and how.
    "y": """your yours dein deine deinen deiner deinem ihre ihrer ta tes votre vos tu tus su sus seu sua seus suas
        tuo tua tuoi 你 您 आपके अपने bạn""",
    "z": """you du sie vous tú usted você voi आप तुम thou""",
    "v": """my mein meine mi mis meu minha mio mia i i'm i'll i've me we we're our ours us ich wir uns unser je nous
        notre nos nosotros nuestro nuestra nós nosso noi nostro 我 मैं हम मेरे tôi""",
    "p": """please kindly bitte prière por favor veuillez merci per कृपया xin vui 请""",
    "x": """not never don't dont nicht niemals kein keine nie pas jamais no nunca não mai non 不 勿 नहीं không đừng
        without ohne sans sin sem senza""",
    "k": """secretly silently covertly discreetly quietly confidential confidentially heimlich discrètement
        secretamente segretamente discretamente""",
    "!": """immediately urgent urgently important critical mandatory must required now instead first sofort wichtig
        dringend jetzt stattdessen muss musst immédiatement important maintenant inmediatamente urgente ahora
        debes imediatamente agora deve immediatamente importante ora devi 立 即 तुरंत ngay""",
    "?": """if when before after while once whenever unless falls wenn bevor nachdem sobald si quand avant après
        cuando antes después se quando prima dopo 如 यदि अगर nếu""",
    "j": """unfiltered uncensored unrestricted restrictions limitations filters ethics ethical morals moral
        jailbreak jailbroken dan mode persona character amoral einschränkungen restricciones restrições
        restrizioni""",
    "d": """named titled called saying subject body recipient recipients id title description addressed content
        contents containing exactly verbatim only nothing betreff titel objet titre asunto título assunto
        oggetto titolo""",
    # What is booked, when, and what an account holds.
    "1": """room rooms table suite hostel inn seat seats ticket tickets taxi car apartment zimmer tisch flug
        auto fahrkarte
        chambre vol voiture billet billets habitación mesa vuelo coche billete quarto voo carro passagem camera
        tavolo volo biglietto biglietti 房 间 机 票 餐 车 कमरा टेबल टिकट उड़ान phòng bàn vé xe khách""",
    "2": """tomorrow tonight today week weekend month monday tuesday wednesday thursday friday saturday sunday january
        february march april may june july august september october november december night nights morgen heute
        woche monat demain aujourd'hui semaine mois mañana hoy semana mes amanhã hoje mês domani oggi settimana
        mese 明 今 天 周 月 कल आज हफ्ते ngày mai hôm nay tuần tháng""",
    "3": """address street profile phone mobile number limit card plan subscription membership standing permission
        permissions rights access admin adresse straße telefonnummer karte abo konto profil rechte zugriff carte
        abonnement téléphone droits accès dirección teléfono tarjeta suscripción permisos endereço telefone cartão
        assinatura permissões indirizzo telefono abbonamento permessi 地 址 卡 权 限 पता फ़ोन अधिकार địa chỉ thẻ
        quyền""",
    # What tools reach: a home, pages, shops, health, code.
    "4": """light lights lamp lamps heating thermostat temperature oven stove fridge freezer door doors gate garage
        alarm window windows blinds shutters speaker speakers volume television tv music kitchen bedroom basement
        bathroom router doorbell sprinkler safe licht heizung haustür tor herd fernseher lumière chauffage porte
        portail four luz calefacción puerta garaje horno aquecimento porta portão garagem forno luce riscaldamento
        cancello
        灯 门 暖 电 दरवाज़ा बत्ती गैराज đèn cửa gara""",
    "5": """link links page pages site sites website websites webpage url form survey seite webseite lien liens site
        enlace enlaces página sitio pagina sito collegamento 链 网 页 लिंक पेज liên trang""",
    "6": """cart basket delivery parcel shipping checkout product item items shop store review reviews rating stars
        purchase discount warenkorb lieferung paket bestellung bewertung panier livraison colis avis carrito entrega
        paquete reseña carrinho pedido avaliação carrello consegna recensione 商 店 评 单 ऑर्डर hàng""",
    "7": """prescription prescriptions refill dose dosage medication medicine pills tablets clinic hospital pharmacy
        doctor patient medical blood diagnosis insurance rezept tabletten arzt arzttermin krankenakte befunde apotheke
        ordonnance comprimés médical analyses receta pastillas médico receita comprimidos exame exames ricetta
        pastiglie farmaci visita 病 药 医 检 दवा पर्ची डॉक्टर thuốc bệnh khám""",
    "8": """branch branches pull commit commits pipeline deployment deploy release production server servers issue
        issues ticket log logs webhook maintainer collaborator package library container rama branche dépôt
        repositorio repositório""",
}  # fmt: skip


def _classes() -> dict[str, str]:
    """The class of each word; where lists share a word, the first that names it keeps it."""
    found: dict[str, str] = {}
    for letter, listed in _LISTS.items():
        for word in words(listed):
            found.setdefault(word, letter)
    return found


CLASSES: Final = _classes()
ORDERS: Final = frozenset("SRYWXLCADGMBKIP")
