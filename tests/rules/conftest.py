"""What a test of rules begins with. Imported before Django is ready, so what needs it is imported late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Known


@pytest.fixture
def robin() -> Iterator[Known]:
    from postbox.identity.keys import forget
    from postbox.rules import compiled
    from tests.people import known_agent

    forget()
    compiled.forget()
    yield known_agent()
    forget()
    compiled.forget()
