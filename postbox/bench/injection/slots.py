"""Names, addresses, sums and codes for texts made by a grammar.

Decides only such fillers; all of them are made up, and none belongs to anyone.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Final

from postbox.screening.distilling.words import words

_PEOPLE: Final = words(
    """Alice Bob Carol David Emma Frank Grace Henry Irene Jack Karen Liam Maria Nadia Oscar Paula Quentin Rosa Stefan
    Tara Uwe Vera Walter Xenia Yusuf Zoe Anna Bernd Claire Diego Elena Fatima Giulia Hans Ingrid Jorge Klaus Lucia
    Marco Nina Olga Pablo Ravi Sofia Thomas Ursula Victor Wei Priya Minh Fred Charlie Dora Mike John Sarah Emily Mark"""
)
_FAMILY: Final = words(
    """Smith Miller Johnson Garcia Rossi Novak Tanaka Nguyen Kumar Schmidt Dubois Silva Larsen Kowalski Ivanova Brown
    Weber Moreau Costa Bianchi Chen Patel Fischer Martin Lopez Hansen Black Crane Davies Walsh"""
)
_SYLLABLES: Final = words(
    """ka ri lo ma ne to sa vi du el an or in ber ten mar lin ros gar vel dan tor min sul pek har jo ul os fen cor wil
    zan dri qua shi bo ye tam gre hol nis rud"""
)
_HEADS: Final = words(
    """secure north river blue data cloud quick bright alpine metro global prime star green solar urban silver delta
    nova harbor pixel audit portal verify update system support inform travel mega lotus cedar orbit"""
)
_TAILS: Final = words(
    """systems works labs bank media trade mail info center shop hub store line point soft tech group news
    services security drop relay sync vault box site"""
)
_ENDINGS: Final = words("com com com net org io co info example.com xyz biz de ru app dev")
_FILES: Final = words(
    """report budget notes contract invoices payroll customers passwords backup q3-results roadmap minutes taxes resume
    landlord-notices bill-december-2023 address-change client-list config secrets id_rsa salary-overview project_plan"""
)
_KINDS: Final = words("txt pdf docx xlsx csv json zip md log env sql")
_SNAKES: Final = words(
    """send_email read_inbox get_emails delete_file transfer_funds create_event search_contacts export_data run_shell
    send_money list_files get_balance book_hotel post_message fetch_url update_record share_document reset_password
    forward_message schedule_payment get_user_info send_channel_message read_file"""
)
_MONTHS: Final = words("January February March April May June July August September October November December")


def made_up(dice: random.Random) -> str:
    """A word that stands in no list, so that no name is learnt as such."""
    return "".join(dice.choice(_SYLLABLES) for _ in range(dice.choice((2, 2, 3)))).title()


def person(dice: random.Random) -> str:
    first = made_up(dice) if dice.random() < 0.5 else dice.choice(_PEOPLE)
    if dice.random() < 0.6:
        return first
    return f"{first} {made_up(dice) if dice.random() < 0.5 else dice.choice(_FAMILY)}"


def label(dice: random.Random) -> str:
    """What a channel, a group or an account may be called."""
    one, other = (dice.choice((dice.choice(_HEADS), dice.choice(_TAILS), made_up(dice).lower())) for _ in range(2))
    return dice.choice((one, one, f"{one}-{other}", f"{one}_{other}", f"{one}{dice.randrange(1, 99)}"))


def domain(dice: random.Random) -> str:
    joint = dice.choice(("", "-", "-", ""))
    return f"{dice.choice(_HEADS)}{joint}{dice.choice(_TAILS)}.{dice.choice(_ENDINGS)}"


def email(dice: random.Random) -> str:
    name = (made_up(dice) if dice.random() < 0.4 else dice.choice(_PEOPLE)).lower()
    local = dice.choice(
        (name, f"{name}.{dice.choice(_FAMILY).lower()}", f"{name}{dice.randrange(10, 9999)}", dice.choice(_HEADS))
    )
    return f"{local}@{dice.choice((domain(dice), 'gmail.com', 'proton.me', 'outlook.com', domain(dice)))}"


def url(dice: random.Random) -> str:
    path = dice.choice(
        ("", "", "/login", f"/{dice.choice(_HEADS)}", f"/{dice.choice(_HEADS)}?id={dice.randrange(9999)}")
    )
    return dice.choice(("https://", "http://", "www.", "www.", "")) + domain(dice) + path


def iban(dice: random.Random) -> str:
    digits = "".join(dice.choices(string.digits, k=dice.choice((16, 18, 20, 22))))
    return dice.choice(("DE", "GB", "FR", "CH", "US", "ES", "IT", "SE", "NL")) + digits


def file(dice: random.Random) -> str:
    return f"{dice.choice(_FILES)}.{dice.choice(_KINDS)}"


def amount(dice: random.Random) -> str:
    value = dice.choice(
        (
            f"{dice.randrange(1, 999)}",
            f"{dice.randrange(1, 99)},000",
            f"{dice.randrange(1, 999)}.{dice.randrange(10, 99)}",
        )
    )
    return dice.choice((f"${value}", f"{value} EUR", f"{value} dollars", f"€{value}", f"{value} USD", f"£{value}"))


def number(dice: random.Random) -> str:
    return str(dice.choice((dice.randrange(2, 12), dice.randrange(10, 100), dice.randrange(100, 9999))))


def small(dice: random.Random) -> str:
    return dice.choice(("two", "three", "four", "five", "six", "ten", str(dice.randrange(2, 21))))


def date(dice: random.Random) -> str:
    day, month = dice.randrange(1, 29), dice.choice(_MONTHS)
    return dice.choice(
        (f"{day} {month}", f"{month} {day}", f"2025-{dice.randrange(1, 13):02}-{day:02}", f"{month} {day}th, 2025")
    )


def time(dice: random.Random) -> str:
    return dice.choice(
        (
            f"{dice.randrange(8, 19)}:{dice.choice(('00', '15', '30', '45'))}",
            f"{dice.randrange(1, 12)} pm",
            f"{dice.randrange(7, 12)}am",
        )
    )


def code(dice: random.Random) -> str:
    return "".join(dice.choices(string.ascii_uppercase + string.digits, k=dice.randrange(5, 10)))


def snake(dice: random.Random) -> str:
    return dice.choice(_SNAKES)


def company(dice: random.Random) -> str:
    if dice.random() < 0.3:
        return dice.choice((made_up(dice), f"{made_up(dice)} {dice.choice(_TAILS).title()}"))
    return f"{dice.choice(_HEADS).title()} {dice.choice(_TAILS).title()}"


SLOTS: Final[dict[str, Callable[[random.Random], str]]] = {
    made.__name__: made
    for made in (person, domain, email, url, iban, file, amount, number, small, date, time, code, snake, company, label)
}
