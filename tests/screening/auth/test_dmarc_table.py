"""DMARC over every combination, held to the rule as a few lines say it (RFC 7489, sections 3.1 and 6.6; RFC 9989).

The rule knows nothing of walks, records or lists: here an organisation is a name's last two labels.
"""

from __future__ import annotations

from itertools import product

import pytest

from postbox.mail.models import AuthResult
from postbox.screening.auth.dmarc import check_dmarc
from postbox.screening.auth.tree import record_of
from tests.screening.auth.signing import resolver

ORGANISATION, BELOW = "wren.example", "mail.wren.example"
NAMES = (ORGANISATION, BELOW, "bounces.wren.example", "notwren.example", "")
RESULTS = (AuthResult.PASS, AuthResult.FAIL, AuthResult.SOFTFAIL, AuthResult.NONE, AuthResult.TEMPERROR)
PAIRS = [pair for pair in product(RESULTS, NAMES) if pair[1] or pair[0] in (AuthResult.FAIL, AuthResult.NONE)]
Pair = tuple[str, str]


def same_owner(one: str, other: str) -> bool:
    return bool(one) and one.split(".")[-2:] == other.split(".")[-2:]


def said(author: str, pairs: list[tuple[Pair, str]], published: bool) -> tuple[str, bool]:
    """The result and whether the author is vouched for; each pair with its mode, ``r`` or ``s``."""
    fitting = [result for (result, name), mode in pairs if name == author or (mode == "r" and same_owner(name, author))]
    passed = AuthResult.PASS in fitting
    if not published:
        return AuthResult.NONE, passed
    if passed:
        return AuthResult.PASS, True
    return (AuthResult.TEMPERROR if AuthResult.TEMPERROR in fitting else AuthResult.FAIL), False


@pytest.mark.parametrize("author", [ORGANISATION, BELOW])
@pytest.mark.parametrize("at", [ORGANISATION, BELOW, ""])
def test_every_pair_of_results_in_every_mode(author: str, at: str) -> None:
    published = at in (author, ORGANISATION)
    for adkim, aspf in product("rs", "rs"):
        ask = resolver({(f"_dmarc.{at}", "TXT"): [f"v=DMARC1; p=reject; adkim={adkim}; aspf={aspf}"]} if at else {})
        for spf, dkim in product(PAIRS, PAIRS):
            found = check_dmarc(author, spf, [dkim], ask)
            modes = (aspf, adkim) if published else ("r", "r")
            expected = said(author, [(spf, modes[0]), (dkim, modes[1])], published)
            assert (found.result, found.aligned) == expected, (spf, dkim, adkim, aspf)


MILDER = {"reject": "quarantine", "quarantine": "none", "none": "none"}
POLICIES = ("none", "quarantine", "reject")


@pytest.mark.parametrize(("author", "there"), [*product([ORGANISATION, BELOW], [True, False])])
def test_every_policy(author: str, there: bool) -> None:
    for p, sp, np, more in product(
        POLICIES, ("", *POLICIES), ("", *POLICIES), ("", "t=y", "t=n", "pct=0", "pct=40; t=y")
    ):
        tags = [f"p={p}", f"sp={sp}" if sp else "", f"np={np}" if np else "", more]
        record = record_of(
            author, resolver({(f"_dmarc.{ORGANISATION}", "TXT"): ["; ".join(["v=DMARC1", *filter(None, tags)])]})
        )
        expected = p if author == ORGANISATION else (not there and np) or sp or p
        assert record is not None
        assert record.asks(author, exists=there) == (MILDER[expected] if "t=y" in more else expected), tags
        assert record.percent == {"pct=0": 0, "pct=40; t=y": 40}.get(more, 100)
