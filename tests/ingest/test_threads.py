"""Which mails become one thread: odd clients, any order, and the real threads of a corpus."""

from __future__ import annotations

import base64
import hmac
import random
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from postbox.ingest import threads
from postbox.ingest.limits import LimitExceeded
from postbox.ingest.mime import Unparsable, parse
from postbox.ingest.thread_keys import _Hash, keys_of, plain_subject
from postbox.lib import clock
from postbox.lib.envelope import MasterKeys
from postbox.lib.ids import uuid7, uuid8
from postbox.mail.models import Outcome, ThreadKey
from postbox.mail.parsed import ParsedMail
from postbox.screening.case import Case, Verdict
from tests.ingest.corpora import CORPORA

pytestmark = pytest.mark.django_db

AGENT, OTHER_AGENT = uuid7(), uuid7()
ANN, BO, EVE = "ann@x.example", "bo@y.example", "eve@z.example"


def mail(
    message_id: str = "", subject: str = "Plan", sender: str = ANN, to: str = "robin@agents.localhost", **headers: str
) -> bytes:
    lines = [f"From: <{sender}>", f"To: {to}", f"Subject: {subject}"]
    lines += [f"Message-ID: <{message_id}>"] if message_id else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\nText\r\n").encode()


def case_of(raw: bytes, agent: uuid.UUID = AGENT, days: float = 0, outcome: Outcome = Outcome.PASS) -> Case:
    at = clock.now() + timedelta(days=days)
    case = Case(uuid7(), agent, "robin", raw, ANN, "robin@agents.localhost", at)
    case.parsed = parse(raw)
    case.verdicts = [Verdict("rules", outcome, "x", "")]
    return case


def placed(cases: Sequence[Case], batch: int = 1) -> list[uuid.UUID]:
    """The threads of these mails, taken in batches of this size."""
    for first in range(0, len(cases), batch):
        some = cases[first : first + batch]
        threads.assign(some)
        with transaction.atomic(), connection.cursor() as cursor:
            threads.keep(cursor, some)
    found = [case.thread_id for case in cases]
    assert all(found)
    return [thread for thread in found if thread]


def one(*raws: bytes, batch: int = 1) -> bool:
    return len(set(placed([case_of(raw) for raw in raws], batch))) == 1


@pytest.mark.parametrize("batch", [1, 10])
def test_a_chain_of_in_reply_to_alone_is_one_thread(batch: int) -> None:
    chain = [mail("a"), mail("b", "Re: Plan", In_Reply_To="<a>"), mail("c", "Other words", BO, In_Reply_To="<b>")]
    assert one(*chain, batch=batch)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
def test_references_join_in_any_order(order: tuple[int, ...]) -> None:
    chain = [mail("a"), mail("b", References="<a>"), mail("c", References="<a> <b>", In_Reply_To="<b>")]
    assert one(*(chain[index] for index in order))


def test_a_root_that_comes_after_its_answer_joins_it() -> None:
    assert one(mail("b", "Something", In_Reply_To="<a>"), mail("a"))


def test_several_ids_in_in_reply_to_and_words_around_them() -> None:
    assert one(mail("a"), mail("b", "x y z", BO, In_Reply_To="<unknown@x> Your message of Monday <a>"))


def test_outlook_index_joins_where_ids_were_rewritten() -> None:
    block = bytes(range(22))
    first = mail("a", "One", Thread_Index=base64.b64encode(block).decode())
    answer = mail("b", "Two", BO, Thread_Index=base64.b64encode(block + b"12345").decode())
    other = mail("c", "Three", BO, Thread_Index=base64.b64encode(block[::-1]).decode())
    found = placed([case_of(raw) for raw in (first, answer, other)])
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    "prefix", ["Re:", "AW:", "SV: RE:", "Antw:", "Re[2]:", "回复：", "[list] Re:", "R\u00e9: Odp:"]
)
def test_an_answer_without_any_id_joins_by_subject_and_participant(prefix: str) -> None:
    joins = prefix != "R\u00e9: Odp:"  # no client writes that
    raw = mail("b", f"{prefix} plan").decode().encode()
    assert one(mail("a", "[list] Plan"), raw) is joins


def test_the_same_subject_alone_joins_nobody() -> None:
    found = placed(
        [
            case_of(mail("a")),
            case_of(mail("b")),  # no answer
            case_of(mail("c", "Re: Plan", EVE)),  # by another
            case_of(mail("d", "Fwd: Plan")),  # sent on
            case_of(mail("e", "Re: Plan"), days=30),  # much later
            case_of(mail("f", "Re: Plan"), agent=OTHER_AGENT),
        ]
    )
    assert len(set(found)) == 6


def test_whoever_was_written_to_may_answer() -> None:
    found = placed([case_of(mail("a", to=f"robin@agents.localhost, {BO}")), case_of(mail("b", "AW: Plan", BO))])
    assert found[0] == found[1]


def test_what_is_held_draws_no_answers_to_it() -> None:
    found = placed([case_of(mail("a"), outcome=Outcome.QUARANTINE), case_of(mail("b", "Re: Plan"))])
    assert found[0] != found[1]


def test_a_mail_that_names_nothing_stands_alone() -> None:
    found = placed([case_of(mail("", "")), case_of(mail("", ""))])
    assert found[0] != found[1]


def test_no_name_is_stored_and_a_mail_writes_few() -> None:
    many = " ".join(f"<ref{number}@x.example>" for number in range(500))
    placed([case_of(mail("a", References=many))])
    assert ThreadKey.objects.count() <= 20


def test_names_are_hashed_as_they_always_were() -> None:
    """Names that are stored must go on being found: HMAC-SHA256, the first 122 bits as a UUID of version 8."""
    secret = settings.POSTBOX_MASTER_KEYS.derive("thread")
    case = case_of(mail("ä\udcff@x.example".encode("utf-8", "replace").decode(), "Re: Plan", In_Reply_To="<b>"))
    keys = keys_of(case)

    def expected(kind: str, name: str) -> str:
        text = f"{AGENT.hex}|{kind}|{name}".encode("utf-8", "replace")
        return uuid8(hmac.digest(secret, text, "sha256")).hex

    assert keys.near == (expected("id", "b"),)
    assert keys.own == expected("id", case.parsed.message_id if case.parsed else "")
    assert keys.asked == (expected("subject", f"{ANN}|plan"),)
    assert keys.outlook == ""


@given(st.binary(max_size=200), st.uuids(), st.text(max_size=80))
def test_any_hash_is_a_uuid_of_version_8(secret: bytes, agent: uuid.UUID, name: str) -> None:
    with override_settings(POSTBOX_MASTER_KEYS=MasterKeys(base64.b64encode(secret.ljust(32, b"k")[:32]).decode())):
        found = uuid.UUID(_Hash(agent)("id", name))
        derived = settings.POSTBOX_MASTER_KEYS.derive("thread")
    text = f"{agent.hex}|id|{name}".encode("utf-8", "replace")
    assert found == uuid8(hmac.digest(derived, text, "sha256"))
    assert found.version == 8


def test_one_look_up_and_one_insert_a_batch(django_assert_num_queries: object) -> None:
    cases = [case_of(mail(f"m{number}", In_Reply_To="<m0>")) for number in range(40)]
    with django_assert_num_queries(2), connection.cursor() as cursor:  # type: ignore[operator]
        threads.assign(cases)
        threads.keep(cursor, cases)


@pytest.mark.parametrize(
    ("subject", "plain", "is_reply"),
    [
        ("Re: Re: Fwd: Hello  there", "hello there", True),
        ("WG: Hallo", "hallo", False),
        ("RE(3): [x] Aw : Hi", "hi", True),
        ("Regards: not a prefix", "regards: not a prefix", False),
        ("re:" * 1000 + "x", None, True),
        ("", "", False),
    ],
)
def test_prefixes(subject: str, plain: str | None, is_reply: bool) -> None:
    found = plain_subject(subject)
    assert found[1] is is_reply
    assert plain is None or found[0] == plain


# --- a real corpus ---------------------------------------------------------------------------------------------------

HAM = CORPORA / "ham" / "easy_ham_2"


def corpus() -> list[ParsedMail]:
    if not HAM.is_dir():
        pytest.skip("the corpora are not beside this repository")
    found = []
    for path in sorted(HAM.rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            raw = raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw
            try:
                found.append(parse(raw))
            except (LimitExceeded, Unparsable):
                continue
    return found


def own_threads(mails: Sequence[ParsedMail]) -> list[list[int]]:
    """The mails that their own headers connect, through mails of the corpus or not."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for number, parsed in enumerate(mails):
        for name in (parsed.message_id, parsed.in_reply_to, *parsed.references):
            if name:
                parent[find(name)] = find(f"#{number}")
    groups: dict[str, list[int]] = defaultdict(list)
    for number in range(len(mails)):
        groups[find(f"#{number}")].append(number)
    return list(groups.values())


def orders(count: int) -> Iterator[tuple[str, list[int]]]:
    yield "as they came", list(range(count))
    yield "backwards", list(range(count))[::-1]
    shuffled = list(range(count))
    random.Random(7).shuffle(shuffled)
    yield "shuffled", shuffled


def test_real_threads_are_kept_together_whatever_the_order(capsys: pytest.CaptureFixture[str]) -> None:
    mails = corpus()
    groups = own_threads(mails)
    several = [group for group in groups if len(group) > 1]
    for name, order in orders(len(mails)):
        agent = uuid7()
        cases = {}
        for number in order:
            case = Case(uuid7(), agent, "robin", b"", ANN, "robin@agents.localhost", clock.now())
            case.parsed, case.verdicts = mails[number], [Verdict("rules", Outcome.PASS, "x", "")]
            if date := mails[number].date:
                case.received_at = date if date.tzinfo else clock.now()
            cases[number] = case
        placed(list(cases.values()), 64)
        split = [group for group in several if len({cases[n].thread_id for n in group}) > 1]
        of: dict[object, set[int]] = defaultdict(set)
        for index, group in enumerate(groups):
            for number in group:
                of[cases[number].thread_id].add(index)
        joined = sum(len(indexes) - 1 for indexes in of.values() if len(indexes) > 1)
        with capsys.disabled():
            print(f"\n{name}: {len(mails)} mails, {len(groups)} own groups ({len(several)} of several mails), ", end="")
            print(f"{len(of)} threads, {len(split)} split, {joined} groups joined to another")
        assert len(split) <= len(several) * 0.05
        assert len(of) >= len(groups) * 0.5
