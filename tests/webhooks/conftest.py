"""Webhooks over real rows, real threads and a real receiver; time and chance are ours where a test needs them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from postbox.events import wakeups
from postbox.lib.egress import Client
from tests.people import Known, known_agent
from tests.receiver import Receiver
from tests.webhooks.scene import Post
from webhooks.engine import Engine


@pytest.fixture
def robin() -> Known:
    wakeups.ensure_rows()
    return known_agent()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine that may go to loopback, and is quiet when the test is over."""
    running = Engine(Client(allow_loopback=True))
    yield running
    assert running.close(20), "posts were still in flight when the test ended"
    running.settler.join()


@pytest.fixture
def post(engine: Engine) -> Post:
    return Post(engine)
