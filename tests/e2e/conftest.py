"""One running system for the tests of a module: starting one takes ten seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.system import System, running


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with running(POSTBOX_TEST_SHORT_LEASES="on", POSTBOX_LOG_LEVEL="DEBUG") as started:
        yield started
