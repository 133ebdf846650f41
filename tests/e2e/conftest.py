"""One running system for those files of this folder that a worker runs in a row: starting one takes ten seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.system import System, running


@pytest.fixture(scope="package")
def system() -> Iterator[System]:
    with running(POSTBOX_TEST_SHORT_LEASES="on", POSTBOX_LOG_LEVEL="DEBUG") as started:
        yield started
