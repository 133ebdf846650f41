"""Asking for a second opinion: a real service on loopback that answers, dawdles, talks nonsense or is down."""

from __future__ import annotations

import json
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.lib.opinion import Asking, Opinion, score_in
from tests.receiver import Reaction, Receiver
from tests.stalls import thrice

ME = "tests.lib.test_opinion"
_hold = threading.Event()


def half(text: str, score: float) -> float:
    return score / 2


def hangs(text: str, score: float) -> float:
    _hold.wait(30)
    return 0.0


def breaks(text: str, score: float) -> float:
    raise LookupError(text)


def asking(target: str, seconds: float = 20.0, token: str = "") -> Asking:
    return Asking(target, 0.3, 0.8, seconds, token, allow_loopback=True)


def answers(body: object) -> Reaction:
    return Reaction(body=json.dumps(body).encode())


def test_it_posts_text_and_score_and_reads_the_answer() -> None:
    with Receiver(answers({"score": 0.91})) as receiver:
        opinion = Opinion(asking(f"{receiver.url}/judge", token="t0ken"))
        assert opinion.ask([("Grüße", 0.5)], 20.0) == [0.91]
        (request,) = receiver.requests
        assert (request.path, request.json) == ("/hook/judge", {"text": "Grüße", "score": 0.5})
        assert request.headers["authorization"] == "Bearer t0ken"


@pytest.mark.parametrize(
    "reaction",
    [
        Reaction(status=500),
        Reaction(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        Reaction(body=b"<html>"),
        Reaction(hang_up=True),
        Reaction(body=b'{"score": 1e999}'),
        Reaction(body=b" " * 40_000 + b'{"score": 0}'),
        answers({"score": -0.1}),
        answers({"score": "0.1"}),
        answers({"score": True}),
        answers({"verdict": "fine"}),
        answers([0.1]),
        answers(None),
    ],
)
def test_what_makes_no_sense_is_no_answer(reaction: Reaction) -> None:
    with Receiver(reaction) as receiver:
        (found,) = Opinion(asking(receiver.url)).ask([("text", 0.5)], 20.0)
        assert isinstance(found, str), found
        assert receiver.requests


def test_a_service_that_dawdles_is_not_waited_for() -> None:
    with Receiver(Reaction(delay=30.0, body=b'{"score": 0}')) as receiver:
        began = time.monotonic()
        assert Opinion(asking(receiver.url, seconds=0.3)).ask([("text", 0.5)], 20.0) == ["timeout"]
        assert time.monotonic() - began < 5.0


@thrice
def test_a_batch_is_asked_at_once_and_bounded_as_a_whole() -> None:
    with Receiver(Reaction(delay=0.4, body=b'{"score": 0.2}')) as receiver:
        began = time.monotonic()
        found = Opinion(asking(receiver.url, seconds=2.0)).ask([(str(number), 0.5) for number in range(64)], 1.0)
        assert time.monotonic() - began < 1.8
        assert 8 <= found.count(0.2) < 64
        assert set(found) == {0.2, "timeout"}


def test_a_service_that_is_down_is_left_alone_for_a_while() -> None:
    now = [0.0]
    with Receiver() as receiver:
        url = receiver.url
    opinion = Opinion(asking(url), now=lambda: now[0])
    for _ in range(5):
        assert opinion.ask([("text", 0.5)], 20.0) == ["connect_failed"]
    assert opinion.ask([("text", 0.5)], 20.0) == ["paused"]
    now[0] += 31
    assert opinion.ask([("text", 0.5)], 20.0) == ["connect_failed"]


def test_loopback_needs_to_be_allowed_and_the_inner_network_is_never_reached() -> None:
    with Receiver(answers({"score": 0.0})) as receiver:
        refused = Opinion(Asking(receiver.url, 0.3, 0.8, 1.0))
        assert refused.ask([("text", 0.5)], 20.0) == ["loopback_refused"]
        assert not receiver.requests
    assert Opinion(asking("https://10.0.0.1/")).ask([("text", 0.5)], 20.0) == ["address_refused"]


def test_a_function_of_this_process_may_answer_too() -> None:
    assert Opinion(asking(f"{ME}.half")).ask([("a", 0.5), ("b", 0.8)], 20.0) == [0.25, 0.4]
    assert Opinion(asking(f"{ME}.breaks")).ask([("a", 0.5)], 20.0) == ["failed: LookupError"]
    assert Opinion(asking(f"{ME}.absent")).ask([("a", 0.5)], 20.0) == ["failed: AttributeError"]


def test_a_function_that_never_returns_holds_up_nobody_for_long() -> None:
    opinion = Opinion(asking(f"{ME}.hangs", seconds=0.1))
    try:
        for expected in ("timeout", "timeout", "busy"):
            began = time.monotonic()
            assert set(opinion.ask([("text", 0.5)] * 8, 0.2)) == {expected}
            assert time.monotonic() - began < 5.0
    finally:
        _hold.set()


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner))
)
def test_only_a_number_from_0_to_1_is_a_score(answer: object) -> None:
    found = score_in(answer)
    assert isinstance(found, str) or 0 <= found <= 1
