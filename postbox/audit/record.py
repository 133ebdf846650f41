"""Writing an audit record: one INSERT in the caller's transaction, never an UPDATE."""

from __future__ import annotations

from postbox.audit.models import AuditRecord


def record(actor: str, action: str, subject: object, **detail: str | int | float | bool | None) -> None:
    """Note that ``actor`` did ``action`` to ``subject``. ``detail`` takes ids, states and codes, never content."""
    AuditRecord.objects.create(actor=actor[:120], action=action, subject=str(subject)[:120], detail=detail)
