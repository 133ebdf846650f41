"""The test database, migrated once for all workers of a run: each has a copy.

Migrating takes some seconds of CPU, copying a fraction of one. Where PostgreSQL is not the run's own, or the run has no
workers, pytest-django makes the database as ever.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import MethodType

from django.conf import settings
from django.db import connection
from django.db.backends.base.creation import BaseDatabaseCreation

from tests import services

_NAME = "test_template"


def use() -> None:
    """Have the database that this worker is about to make be a copy. The first worker migrates what is copied."""
    home = os.environ.get(services.HOME)
    if not home or "PYTEST_XDIST_WORKER" not in os.environ:
        return
    made = Path(home) / "template"
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _migrate()
            made.touch()
    connection.settings_dict["TEST"]["TEMPLATE"] = _NAME
    connection.creation.create_test_db = MethodType(_copied, connection.creation)  # type: ignore[method-assign]


def _migrate() -> None:
    ours, test = connection.settings_dict["NAME"], connection.settings_dict["TEST"]
    name, test["NAME"] = test["NAME"], _NAME
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()  # nobody may be in what is copied
    test["NAME"] = name
    _point_to(ours)


def _copied(
    self: BaseDatabaseCreation,
    verbosity: int = 1,
    autoclobber: bool = False,
    serialize: bool = False,
    keepdb: bool = False,
) -> str:
    """Django's ``create_test_db`` without its ``migrate``."""
    name: str = self._get_test_db_name()  # type: ignore[attr-defined]
    self._create_test_db(verbosity, autoclobber, keepdb)  # type: ignore[attr-defined]
    connection.close()
    _point_to(name)
    connection.ensure_connection()
    return name


def _point_to(name: str) -> None:
    settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
