"""ARC: chains that hold, and the many ways in which one does not."""

from __future__ import annotations

import pytest

from postbox.lib.dns import Resolver
from postbox.mail.models import AuthResult
from postbox.screening.auth.arc import MOST_SETS, Chain, check_arc
from postbox.screening.auth.findings import Missing
from postbox.screening.auth.signed import split
from tests.screening.auth.signing import key_record, plain, resolver, sealed

SEEN = "lists.example; dmarc=pass header.from=wren.example"
ZONE = {(f"s1._domainkey.{name}", "TXT"): [key_record()] for name in ("lists.example", "relay.example")}


def chain(raw: bytes, ask: Resolver | None = None) -> Chain:
    return check_arc(split(raw), ask or resolver(ZONE))


def one() -> bytes:
    return sealed(plain(), 1, "lists.example", SEEN)


def two() -> bytes:
    return sealed(one(), 2, "relay.example", "relay.example; arc=pass")


def test_no_set_is_none() -> None:
    assert chain(plain()) == Chain()


def test_a_chain_holds_and_says_who_saw_what() -> None:
    found = chain(two())
    assert (found.result, found.sealers) == (AuthResult.PASS, ("lists.example", "relay.example"))
    assert found.seen[0].strip() == SEEN


def test_fields_that_a_relay_added_above_change_nothing() -> None:
    assert chain(b"Received: from a by b\r\n" + two()).result == AuthResult.PASS


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Thursday", b"Friday"),
        (b"Subject: Delivery", b"Subject: Refund"),
        (b"i=1; lists.example; dmarc=pass", b"i=1; lists.example; dmarc=none"),
        (b"header.from=wren.example", b"header.from=bank.example"),
        (b"cv=none", b"cv=pass"),
        (b"cv=pass", b"cv=fail"),
        (b"cv=pass", b"cv=none"),
        (b"ARC-Seal: i=2", b"ARC-Seal: i=3"),
        (b"ARC-Seal: i=2", b"ARC-Seal: i=0"),
        (b"ARC-Seal: i=2", b"ARC-Seal: i=x"),
        (b"ARC-Seal: i=2", b"ARC-Seal: h=from; i=2"),
        (b"ARC-Seal: i=1; a=rsa-sha256", b"ARC-Seal: i=1; a=rsa-sha1"),
        (b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: 1;"),
        (b"ARC-Message-Signature: i=2", b"X-Message-Signature: i=2"),
        (b"ARC-Authentication-Results: i=2", b"ARC-Seal: i=2; a=b\r\nARC-Authentication-Results: i=2"),
    ],
)
def test_a_chain_that_was_touched_fails(before: bytes, after: bytes) -> None:
    raw = two()
    assert before in raw
    assert chain(raw.replace(before, after, 1)).result == AuthResult.FAIL


def test_an_older_message_signature_need_not_hold_any_more() -> None:
    """A list changes the mail before it seals it: only the newest signature is of the mail as it is (section 5.2)."""
    changed = one().replace(b"Subject: Delivery", b"Subject: [list] Delivery")
    assert chain(changed).result == AuthResult.FAIL
    assert chain(sealed(changed, 2, "relay.example", "relay.example; arc=pass")).result == AuthResult.PASS


@pytest.mark.parametrize(
    ("signature", "seal", "result"),
    [
        ("", "", AuthResult.PASS),
        ("t=12345; ", "t=12346; ", AuthResult.PASS),
        ("t=icecream; ", "", AuthResult.FAIL),
        ("", "t=-123.4; ", AuthResult.FAIL),
        ("", "t=12 345; ", AuthResult.FAIL),
        ("", "t=; ", AuthResult.FAIL),
        ("", "h=from; ", AuthResult.FAIL),
        ("", "w=anything; ", AuthResult.PASS),
        ("", "_=; ", AuthResult.FAIL),
        ("", "; ", AuthResult.FAIL),
        ("c=relaxed; ", "", AuthResult.FAIL),
    ],
)
def test_tags_that_were_signed_as_they_are(signature: str, seal: str, result: str) -> None:
    assert chain(sealed(plain(), 1, "lists.example", SEEN, tags=(signature, seal))).result == result


def test_a_missing_key_fails_and_a_missing_answer_does_not() -> None:
    assert chain(one(), resolver({})).result == AuthResult.FAIL
    broken = resolver(ZONE, frozenset({"s1._domainkey.lists.example"}))
    assert chain(one(), broken).result == AuthResult.TEMPERROR


def test_all_keys_are_asked_for_at_once_and_few() -> None:
    def ask(name: str, rdtype: str) -> list[str]:
        raise Missing([(name, rdtype)])

    with pytest.raises(Missing) as lacking:
        chain(two(), ask)
    assert lacking.value.questions == set(ZONE)
    many = plain()
    for number in range(1, 13):
        many = sealed(many, number, f"lists{number}.example", "x; arc=pass")
    assert "more than 10 keys" in chain(many, ask).why


def test_so_many_sets_are_read() -> None:
    raw = plain()
    for number in range(1, MOST_SETS + 1):
        raw = sealed(raw, number, "lists.example", "x; arc=pass")
    found = chain(raw)
    assert (found.result, len(found.sealers)) == (AuthResult.PASS, MOST_SETS)
    assert "numbered" in chain(sealed(raw, MOST_SETS + 1, "lists.example", "x; arc=pass")).why


@pytest.mark.parametrize(
    "record", ["v=DKIM1; p=", "v=DKIM1", key_record(tags="k=ed25519; "), key_record(tags="h=sha1; ")]
)
def test_a_key_that_does_not_count_fails(record: str) -> None:
    assert chain(one(), resolver({("s1._domainkey.lists.example", "TXT"): [record]})).result == AuthResult.FAIL


def test_the_fields_of_a_set_stand_in_any_order_and_none_is_left_out() -> None:
    head, _, body = two().partition(b"From: ")
    fields = head.splitlines(keepends=True)
    assert len(fields) == 6
    for turned in (fields[::-1], fields[3:] + fields[:3], fields[1::2] + fields[::2]):
        assert chain(b"".join(turned) + b"From: " + body).result == AuthResult.PASS
    for missing in range(6):
        assert chain(b"".join(fields[:missing] + fields[missing + 1 :]) + b"From: " + body).result == AuthResult.FAIL
    assert chain(b"".join(fields[:3]) + b"From: " + body).result == AuthResult.FAIL  # 2 without 1
