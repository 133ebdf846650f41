from __future__ import annotations

import threading
import uuid

from hypothesis import given
from hypothesis import strategies as st

from postbox.lib.ids import token, uuid7, uuid8


def test_uuid7_is_version_7_and_increases() -> None:
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {(id_.version, id_.variant) for id_ in made} == {(7, uuid.RFC_4122)}


def test_uuid7_is_unique_over_threads() -> None:
    found: list[uuid.UUID] = []
    threads = [threading.Thread(target=lambda: found.extend([uuid7() for _ in range(5_000)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 20_000


@given(st.binary(min_size=16, max_size=64))
def test_uuid8_keeps_its_version_and_its_input(digest: bytes) -> None:
    made = uuid8(digest)
    assert (made.version, made.variant) == (8, uuid.RFC_4122)
    assert made == uuid8(digest)
    assert made.bytes[:6] == digest[:6]


def test_tokens_differ_and_carry_their_prefix() -> None:
    assert token("pbx_agent").startswith("pbx_agent_")
    assert token("a") != token("a")
