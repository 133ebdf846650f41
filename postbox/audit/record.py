"""Writing an audit record: one INSERT in the caller's transaction, never an UPDATE."""

from __future__ import annotations

from collections.abc import Iterable

from postbox.audit.models import AuditRecord


def record(actor: str, action: str, subject: object, **detail: str | int | float | bool | None) -> None:
    """Note that ``actor`` did ``action`` to ``subject``. ``detail`` takes ids, states and codes, never content."""
    AuditRecord.objects.create(actor=actor[:120], action=action, subject=str(subject)[:120], detail=detail)


def record_each(actor: str, action: str, subjects: Iterable[object], **detail: str | int | float | bool | None) -> None:
    """``record`` for each of these subjects, by one INSERT."""
    rows = [AuditRecord(actor=actor[:120], action=action, subject=str(one)[:120], detail=detail) for one in subjects]
    AuditRecord.objects.bulk_create(rows)
