"""How good the score is on kinds of bare orders that it was not trained on.

Decides by which words a kind is known: a model is made without every attack, of whatever source, that holds one of them
in any language, and judged on orders of that kind. Orders to send mail are not among the kinds: no training is left
without them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from postbox.bench.injection import texts
from postbox.bench.injection.corpora import Corpora
from postbox.bench.injection.judging import Judged, carriers, plant
from postbox.bench.injection.training import Material, fit, weights
from postbox.screening.distilling.words import words
from postbox.screening.injection import detect_prompt_injection, is_quarantined

WORDS: Final[dict[str, frozenset[str]]] = {
    act: frozenset(words(listed))
    for act, listed in {
        "book": """book reserve reservation reservations booking bookings rent hire hotel hotels hostel resort suites
            inn flight room rooms suite table tables seat taxi ticket tickets car restaurant
            penthouse trip buche reserviere miete zimmer tisch flug réserve réservez réserver loue
            chambre vol reserva reserve habitación mesa vuelo alquila alugue quarto voo prenota
            prenotate noleggia camera tavolo volo 订 बुक đặt thuê""",
        "event": """calendar event events meeting meetings appointment appointments agenda diary schedule reschedule
            invitation reminder lunch dinner interview kalender termin termine treffen besprechung
            événement réunion rendez-vous agenda evento cita reunión compromisso reunião
            appuntamento riunione 议 程 बैठक कार्यक्रम cuộc lịch""",
        "chat": """channel channels slack discord teams workspace group groups room members telegram whatsapp kick ban
            moderator kanal gruppe canal groupe grupo canale gruppo 频 群 चैनल समूह kênh nhóm""",
        "message": """message messages dm text sms direct tell inform apologise nachricht direktnachricht mensaje
            mensagem messaggio 私 短 संदेश nhắn tin""",
        "pay": """pay payment payments transfer transfers transaction transactions wire iban money bill invoice
            invoices refund bank balance deposit savings überweise zahle überweisung geld rechnung
            virement vire paie payez solde paga pague transfiere transfira saldo trasferisci versa 账
            汇 付 खाता खाते chuyển trả khoản""",
        "account": """password passwords passcode pin profile account accounts address street phone recovery
            authentication two-factor 2fa subscription membership card limit passwort konto adresse
            compte contraseña cuenta senha conta conto 密 码 户 पासवर्ड खाता khẩu khoản""",
        "file": """file files document documents folder folders spreadsheet photo note drive backup archive datei
            dokument ordner fichier document dossier archivo documento carpeta arquivo pasta
            cartella 文 夹 फ़ाइल दस्तावेज़ tệp""",
        "link": """link links website site page url survey visit browse click recommend review seite lien adresse
            enlace visita visite liên 链 网 लिंक""",
        "user": """user account admin administrator access rights permission permissions role login member guest owner
            contacts contact nutzer adminrechte utilisateur droits usuario permisos usuário
            permissões utente diritti 权 限 用 户 अधिकार उपयोगकर्ता quyền người""",
        "house": """lights light lamps lamp heating thermostat oven camera door garage alarm gate speaker kitchen
            temperature lock unlock licht heizung haustür lumière chauffage porte luz calefacción puerta
            aquecimento porta luce riscaldamento 灯 门 暖 दरवाज़ा बत्ती đèn cửa""",
        "health": """prescription prescriptions refill dose pills tablets medication clinic hospital pharmacy doctor
            test results medical patient examination scan blood rezept tabletten arzttermin ordonnance
            comprimés receta pastillas receita remédios ricetta pastiglie 病 药 दवा जाँच thuốc khám""",
        "code": """repository repositories repo branch merge pull commit issue ticket pipeline deploy server build
            secrets maintainer collaborator script dépôt rama repositorio""",
        "review": """review reviews rate rating recommend praise star stars follow promote advertise best breakfast
            bewerte empfiehl lobe recommande note conseille recomienda valora elogia recomende avalie
            consiglia valuta loda 推 荐 सिफारिश giới thiệu""",
        "buy": """buy order purchase cart basket shop gift card laptop shopping sell bid subscribe plan kaufe bestelle
            achète commande compra compre compre ordina acquista 购 买 खरीदें mua""",
    }.items()
}  # fmt: skip
TOGETHER: Final = (
    ("book", "account", "message", "house", "code"),
    ("event", "pay", "link", "health"),
    ("chat", "file", "buy", "user", "review"),
)
"""Kinds that one model is made without, so that there need not be a model for each."""
_MANY: Final = 300


def judge_kinds(judged: Judged, corpora: Corpora, material: Material, slope: float) -> None:
    """Add to ``judged`` the share of each kind that a model catches which has seen no attack with a word of it, planted
    in honest mail that it has not seen either.
    """
    for at, acts in enumerate(TOGETHER):
        half = at % 2
        reduced = without(material, frozenset().union(*(WORDS[act] for act in acts)))
        shipped = weights(reduced, fit(reduced, half=half), judged.threshold, slope, (), half)
        unseen = carriers(corpora, 1 - half)
        for act in acts:
            dice = random.Random(act)  # noqa: S311 (no secret; the same plantings in every run)
            orders = [order for order in texts.acts(act, _MANY) if not WORDS[act].isdisjoint(order.lower().split())]
            found = [detect_prompt_injection(plant(order, unseen, dice), (), shipped).score for order in orders]
            judged.kinds[act] = sum(map(is_quarantined, found)) / len(found)


def without(material: Material, unwanted: Iterable[str]) -> Material:
    """The material without the attacks that hold one of these words."""
    names = frozenset(unwanted)
    attacks = {
        source: [one for one in samples if all(names.isdisjoint(row[1]) for row in one.rows)]
        for source, samples in material.attacks.items()
    }
    return replace(material, attacks=attacks)
