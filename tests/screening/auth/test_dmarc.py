"""DMARC: every combination of record, SPF and DKIM, and which record holds."""

from __future__ import annotations

import pytest

from postbox.mail.models import AuthResult
from postbox.screening.auth.dmarc import check_dmarc, exists
from postbox.screening.auth.tree import record_of
from tests.screening.auth.signing import resolver

OWN, PARENT, OTHER = "mail.wren.example", "wren.example", "lark.example"
RELAXED, STRICT = "v=DMARC1; p=reject", "v=DMARC1; p=reject; adkim=s; aspf=s"
NO = (AuthResult.NONE, "")
P, F, T = AuthResult.PASS, AuthResult.FAIL, AuthResult.TEMPERROR


@pytest.mark.parametrize(
    ("record", "spf", "dkim", "result", "aligned"),
    [
        (RELAXED, (P, OWN), NO, P, True),
        (RELAXED, (P, PARENT), NO, P, True),
        (RELAXED, (P, f"bounces.{PARENT}"), NO, P, True),
        (RELAXED, (P, OTHER), NO, F, False),
        (RELAXED, (P, f"not{PARENT}"), NO, F, False),
        (RELAXED, NO, (P, OWN), P, True),
        (RELAXED, NO, (P, PARENT), P, True),
        (RELAXED, NO, (P, OTHER), F, False),
        (RELAXED, (P, OTHER), (P, OTHER), F, False),
        (RELAXED, (P, OTHER), (P, OWN), P, True),
        (RELAXED, (F, OWN), (P, OWN), P, True),
        (RELAXED, (P, OWN), (F, OWN), P, True),
        (RELAXED, (F, OWN), (F, OWN), F, False),
        (RELAXED, (AuthResult.SOFTFAIL, OWN), NO, F, False),
        (RELAXED, (AuthResult.NEUTRAL, OWN), NO, F, False),
        (RELAXED, (T, OWN), NO, T, False),
        (RELAXED, (T, OTHER), NO, F, False),
        (RELAXED, (T, OWN), (P, OWN), P, True),
        (RELAXED, (F, OWN), (T, PARENT), T, False),
        (RELAXED, NO, NO, F, False),
        (STRICT, (P, OWN), NO, P, True),
        (STRICT, (P, PARENT), NO, F, False),
        (STRICT, NO, (P, PARENT), F, False),
        (STRICT, NO, (P, OWN), P, True),
        ("v=DMARC1; p=reject; adkim=s", (P, PARENT), (P, PARENT), P, True),
        ("v=DMARC1; p=reject; aspf=s", (P, PARENT), (P, PARENT), P, True),
        ("v=DMARC1; p=none", (F, OWN), NO, F, False),
        ("v=DMARC1; p=reject; pct=0", NO, NO, F, False),
        ("", (P, OWN), NO, AuthResult.NONE, True),
        ("", NO, (P, PARENT), AuthResult.NONE, True),
        ("", (P, OTHER), (P, OTHER), AuthResult.NONE, False),
        ("", NO, NO, AuthResult.NONE, False),
    ],
)
def test_combinations(record: str, spf: tuple[str, str], dkim: tuple[str, str], result: str, aligned: bool) -> None:
    zone = {(f"_dmarc.{PARENT}", "TXT"): ["some other text", record] if record else []}
    found = check_dmarc(OWN, spf, [dkim], resolver(zone))
    assert (found.result, found.aligned) == (result, aligned)


def test_dns_failing_is_a_temporary_error_whatever_passed() -> None:
    found = check_dmarc(OWN, (P, OWN), [(P, OWN)], resolver({}, frozenset({f"_dmarc.{OWN}"})))
    assert (found.result, found.aligned) == (AuthResult.TEMPERROR, False)


@pytest.mark.parametrize(
    ("own", "parent", "asks"),
    [
        (["v=DMARC1; p=none"], ["v=DMARC1; p=reject"], "none"),
        ([], ["v=DMARC1; p=reject; sp=quarantine"], "quarantine"),
        ([], ["v=DMARC1; p=reject"], "reject"),
        ([], ["v=DMARC1; p=quarantine; sp=none; np=reject"], "none"),
        ([], ["v = DMARC1 ; P = Reject"], "reject"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], ["v=DMARC1; p=reject"], "reject"),
        (["v=DMARC2; p=none"], [], None),
        (["V=dmarc1; p=none"], [], None),
        (["v=DMARC1"], [], None),
        (["v=DMARC1; p=perhaps"], [], None),
        (["v=DMARC1; p=perhaps; rua=mailto:a@wren.example"], [], "none"),
        ([], [], None),
    ],
)
def test_which_record_holds(own: list[str], parent: list[str], asks: str | None) -> None:
    ask = resolver({(f"_dmarc.{OWN}", "TXT"): own, (f"_dmarc.{PARENT}", "TXT"): parent})
    record = record_of(OWN, ask)
    assert (record.asks(OWN) if record else None) == asks


def test_a_name_that_does_not_exist_has_a_word_of_its_own() -> None:
    ask = resolver(
        {(f"_dmarc.{PARENT}", "TXT"): ["v=DMARC1; p=none; np=reject; pct=30"], (f"b.{PARENT}", "MX"): ["10 mx.example"]}
    )
    record = record_of(f"a.{PARENT}", ask)
    assert record is not None
    assert record.percent == 30
    assert not exists(f"a.{PARENT}", ask)
    assert exists(f"b.{PARENT}", ask)
    assert [record.asks(f"a.{PARENT}", exists=there) for there in (False, True)] == ["reject", "none"]
