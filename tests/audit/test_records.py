"""Audit records are added and never changed, by whatever means."""

from __future__ import annotations

import pytest
from django.db import Error as DatabaseError
from django.db import connection, transaction

from postbox.audit.models import AuditRecord
from postbox.audit.record import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def truncate_guarded() -> None:
    """The suite switches this trigger off (tests/conftest.py); here it is on, until the test's rollback."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_records ENABLE TRIGGER USER")


def test_a_record_is_one_row_with_ids_and_codes() -> None:
    record("key:1", "agent.created", "a1", owner="o1")
    row = AuditRecord.objects.get()
    assert (row.actor, row.action, row.subject, row.detail) == ("key:1", "agent.created", "a1", {"owner": "o1"})


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_records SET actor = 'me'", "DELETE FROM audit_records", "TRUNCATE audit_records"],
)
def test_it_cannot_be_changed_or_removed(statement: str, truncate_guarded: None) -> None:
    record("key:1", "agent.created", "a1")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditRecord.objects.count() == 1
