"""Django's migrate, with the schemas made first: the search path names them, so tables could not land without."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

SCHEMAS = ("postbox", "postbox_keys")


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:
        with connections[options["database"]].cursor() as cursor:
            for schema in SCHEMAS:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        super().handle(*args, **options)
