"""A database that lets nobody in for the time of a block."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from tests.services import SUPERUSER_URL


def superuser_of_tests() -> str:
    """The address of the tests' own PostgreSQL for its superuser; skips where it is not ours."""
    if SUPERUSER_URL not in os.environ:
        pytest.skip(f"{SUPERUSER_URL} is not set: this PostgreSQL is not ours to shut")
    return os.environ[SUPERUSER_URL]


@contextlib.contextmanager
def shut() -> Iterator[None]:
    """Let nobody into the database, end whom it had let in, and prove it."""
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(superuser_of_tests(), autocommit=True) as superuser:
        superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            connection.close()
            with pytest.raises(psycopg.OperationalError):
                connection.connect()
            yield
        finally:
            superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            connection.close()
