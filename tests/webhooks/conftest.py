"""Webhooks over real rows, real threads and a real receiver; time and chance are ours where a test needs them.

What needs the settings is imported by the fixtures: this file may be read before tests/conftest.py has made them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.receiver import Receiver

if TYPE_CHECKING:
    from tests.people import Known
    from tests.webhooks.scene import Post
    from webhooks.engine import Engine


@pytest.fixture
def robin() -> Known:
    from postbox.events import wakeups
    from tests.people import known_agent

    wakeups.ensure_rows()
    return known_agent()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine that may go to loopback, and is quiet when the test is over."""
    from postbox.lib.egress import Client
    from webhooks.engine import Engine

    running = Engine(Client(allow_loopback=True))
    yield running
    assert running.close(30), "posts were still in flight when the test ended"
    running.settler.join()


@pytest.fixture
def post(engine: Engine) -> Post:
    from tests.webhooks.scene import Post

    return Post(engine)
