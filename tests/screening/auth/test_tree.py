"""The walk up the tree of names (RFC 9989) beside the Public Suffix List (RFC 7489): the documents' own examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.mail.models import AuthResult
from postbox.screening.auth.dmarc import check_dmarc
from postbox.screening.auth.dmarc_record import published
from postbox.screening.auth.findings import Missing
from postbox.screening.auth.names import same_organisation
from postbox.screening.auth.tree import is_aligned, organisation, record_of, walk
from tests.screening.auth.signing import Zone, resolver

P, T = AuthResult.PASS, AuthResult.TEMPERROR
NO = (AuthResult.NONE, "")


def records(**given: str) -> Zone:
    """``mail_example_com="psd=n"`` is a record of mail.example.com that says so."""
    named = {name.replace("_", "."): tags for name, tags in given.items()}
    return {(f"_dmarc.{name}", "TXT"): [f"v=DMARC1; p=reject; {tags}"] for name, tags in named.items()}


def test_no_more_than_eight_names_are_walked() -> None:
    # Sections 4.10 and 5.1.7.
    assert walk("a.b.c.d.e.f.g.h.i.j.mail.example.com") == (
        "a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com", "h.i.j.mail.example.com",
        "i.j.mail.example.com", "j.mail.example.com", "mail.example.com", "example.com", "com",
    )  # fmt: skip
    deep = walk("mail.a.b.c.d.e.f.g.example.com")
    assert (deep[1], len(deep), "b.c.d.e.f.g.example.com" in deep) == ("c.d.e.f.g.example.com", 8, False)
    assert walk("a.mail.example.com") == ("a.mail.example.com", "mail.example.com", "example.com", "com")
    assert walk("com") == ("com",)


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=60))
def test_a_walk_is_bounded_and_ends_at_the_top(labels: list[str]) -> None:
    names = walk(".".join(labels))
    assert len(names) <= 8
    assert names[0] == ".".join(labels)
    assert names[-1] == labels[-1]
    assert all(names[0].endswith(name) for name in names)


@pytest.mark.parametrize(
    ("zone", "domain", "expected"),
    [
        # Section 4.10.2, its three examples.
        (records(mail_example_com="", example_com=""), "a.mail.example.com", "example.com"),
        (records(mail_example_com="psd=n"), "a.mail.example.com", "mail.example.com"),
        (records(com="psd=y"), "a.mail.example.com", "example.com"),
        # And its rules one by one.
        (records(example_com="psd=y"), "mail.example.com", "mail.example.com"),
        (records(example_com="psd=y"), "a.b.mail.example.com", "mail.example.com"),
        (records(example_com="psd=y"), "example.com", "example.com"),
        (records(mail_example_com="psd=n", example_com="psd=y"), "a.mail.example.com", "mail.example.com"),
        (records(a_mail_example_com="psd=y", mail_example_com=""), "a.mail.example.com", "a.mail.example.com"),
        (records(a_mail_example_com="psd=u", mail_example_com="psd=n"), "a.mail.example.com", "mail.example.com"),
        (records(example_com="psd=perhaps"), "mail.example.com", "example.com"),
        # Where nothing says psd=, the list does (RFC 7489, section 3.2).
        ({}, "a.mail.example.com", "example.com"),
        ({}, "a.example.co.uk", "example.co.uk"),
        (records(mail_example_com=""), "mail.example.com", "example.com"),
        # A public suffix stays one, whatever its record says or leaves out.
        (records(co_uk="", uk=""), "a.example.co.uk", "example.co.uk"),
        (records(co_uk="psd=n"), "a.example.co.uk", "example.co.uk"),
        (records(uk="psd=y"), "a.example.co.uk", "example.co.uk"),
        # Section 5.1.7: what lies deeper than is walked is never found.
        (
            records(b_c_d_e_f_g_example_com="psd=n", example_com=""), "mail.a.b.c.d.e.f.g.example.com", "example.com",
        ),
    ],
)  # fmt: skip
def test_where_an_organisation_ends(zone: Zone, domain: str, expected: str) -> None:
    assert organisation(domain, resolver(zone)) == expected


@pytest.mark.parametrize(
    ("zone", "author", "holds", "asks"),
    [
        (records(mail_example_com="sp=none", example_com=""), "mail.example.com", "mail.example.com", "reject"),
        (records(mail_example_com="sp=none", example_com="sp=quarantine"), "a.mail.example.com", "example.com",
         "quarantine"),
        (records(mail_example_com="psd=n; sp=none", example_com=""), "a.mail.example.com", "mail.example.com", "none"),
        (records(mail_example_com="sp=none"), "a.mail.example.com", "mail.example.com", "none"),
        # Of a registry, only where the organisation has none (section 4.10.1; RFC 9091).
        (records(com="psd=y; sp=quarantine"), "a.mail.example.com", "com", "quarantine"),
        (records(com="psd=y; sp=quarantine", example_com=""), "a.mail.example.com", "example.com", "reject"),
        (records(co_uk="sp=none", uk=""), "example.co.uk", "co.uk", "none"),
        (records(example_com="psd=y; sp=none", mail_example_com=""), "a.mail.example.com", "mail.example.com",
         "reject"),
        (records(b_c_d_e_f_g_example_com="psd=n"), "mail.a.b.c.d.e.f.g.example.com", "", ""),
        (records(mail_a_b_c_d_e_f_g_example_com="t=y"), "mail.a.b.c.d.e.f.g.example.com",
         "mail.a.b.c.d.e.f.g.example.com", "quarantine"),
        # Testing asks for one level less (section 4.7, t=).
        (records(example_com="t=y; sp=quarantine"), "a.example.com", "example.com", "none"),
        (records(example_com="t=n; pct=0"), "a.example.com", "example.com", "reject"),
        ({}, "a.example.com", "", ""),
    ],
)  # fmt: skip
def test_which_record_holds(zone: Zone, author: str, holds: str, asks: str) -> None:
    record = record_of(author, resolver(zone))
    assert (record.domain, record.asks(author)) == (holds, asks) if record else holds == ""


BANK = records(example_com="")
PARTED = records(example_com="", sales_example_com="psd=n")
SHARED = records(example_com="psd=y")


@pytest.mark.parametrize(
    ("zone", "author", "signer", "relaxed"),
    [
        # Sections 4.4.1 and 4.4.2.
        (BANK, "news.example.com", "example.com", True),
        (BANK, "example.com", "cbg.bounces.example.com", True),
        (BANK, "news.example.com", "com", False),
        (PARTED, "sales.example.com", "example.com", False),
        (PARTED, "example.com", "sales.example.com", False),
        (PARTED, "a.sales.example.com", "b.sales.example.com", True),
        (PARTED, "a.example.com", "b.example.com", True),
        (SHARED, "ann.example.com", "bob.example.com", False),
        (SHARED, "ann.example.com", "example.com", False),
        (SHARED, "a.ann.example.com", "b.ann.example.com", True),
        (records(news_example_com=""), "news.example.com", "example.com", True),
        (records(co_uk=""), "ann.co.uk", "bob.co.uk", False),
        (records(co_uk="psd=n"), "ann.co.uk", "bob.co.uk", False),
        ({}, "a.example.com", "b.example.com", True),
    ],
)
def test_alignment(zone: Zone, author: str, signer: str, relaxed: bool) -> None:
    ask = resolver(zone)
    assert is_aligned(signer, author, ask) == is_aligned(author, signer, ask) == relaxed
    for spf, dkim in (((P, signer), NO), (NO, (P, signer))):
        assert check_dmarc(author, spf, [dkim], ask).aligned == relaxed
    strict = {key: [f"{texts[0]}; adkim=s; aspf=s"] for key, texts in zone.items()}
    if record_of(author, resolver(strict)):
        assert not check_dmarc(author, (P, signer), [(P, signer)], resolver(strict)).aligned


NAMES = ["com", "example.com", "a.example.com", "b.example.com", "c.a.example.com", "co.uk", "ann.co.uk", "x.ann.co.uk"]


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["psd=y", "psd=n", "psd=u", "t=y"])),
       st.sampled_from(NAMES), st.sampled_from(NAMES))  # fmt: skip
def test_what_is_published_parts_names_and_never_joins_them(tags: dict[str, str], one: str, other: str) -> None:
    zone = {(f"_dmarc.{name}", "TXT"): [f"v=DMARC1; p=none; {said}"] for name, said in tags.items()}
    ask = resolver(zone)
    assert is_aligned(one, one, ask)
    assert is_aligned(one, other, ask) == is_aligned(other, one, ask)
    assert not is_aligned(one, other, ask) or same_organisation(one, other)


def test_everything_is_asked_for_in_one_round() -> None:
    rounds: list[set[tuple[str, str]]] = []
    known: dict[tuple[str, str], list[str]] = {}

    def ask(name: str, rdtype: str) -> list[str]:
        if (name, rdtype) not in known:
            raise Missing([(name, rdtype)])
        return known[name, rdtype]

    def look() -> str:
        while len(rounds) < 5:
            try:
                return check_dmarc("a.example.com", (P, "bounces.example.com"), [], ask).result
            except Missing as missing:
                rounds.append(set(missing.questions))
                known.update({question: [] for question in missing.questions})
        return "no end"

    assert look() == AuthResult.NONE
    names = ("a.example.com", "bounces.example.com", "example.com", "com")
    assert rounds == [{(f"_dmarc.{name}", "TXT") for name in names}]


def test_who_signs_cannot_have_everything_asked() -> None:
    asked = set()

    def ask(name: str, rdtype: str) -> list[str]:
        asked.add(name)
        return ["v=DMARC1; p=none; psd=n"] if name == "_dmarc.example.com" else []

    signers = [(P, f"s{number}.s{number}.a.b.c.example.com") for number in range(50)]
    check_dmarc("example.com", (P, "x.y.z.example.com"), signers, ask)
    assert len(asked) <= 8 + 4 * 7


@pytest.mark.parametrize(
    ("broken", "author", "signer", "result"),
    [
        ("_dmarc.com", "example.com", "example.com", P),
        ("_dmarc.com", "lark.com", "lark.com", T),
        ("_dmarc.bounces.example.com", "example.com", "bounces.example.com", T),
        ("_dmarc.bounces.example.com", "example.com", "lark.example", AuthResult.FAIL),
        ("_dmarc.example.com", "a.example.com", "a.example.com", T),
    ],
)
def test_dns_failing_on_the_way_matters_where_the_answer_does(
    broken: str, author: str, signer: str, result: str
) -> None:
    ask = resolver(records(example_com=""), frozenset({broken}))
    assert check_dmarc(author, (P, signer), [], ask).result == result


def test_two_records_of_a_name_are_none() -> None:
    zone = {("_dmarc.a.example.com", "TXT"): ["v=DMARC1; p=none"] * 2, **records(example_com="")}
    assert published("a.example.com", resolver(zone)) is None
    found = record_of("a.example.com", resolver(zone))
    assert found is not None
    assert found.domain == "example.com"
