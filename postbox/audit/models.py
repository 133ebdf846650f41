"""What was decided and by whom, in rows that are only ever added.

Decides the shape of a record: ids, codes and hashes as text and no foreign keys, so that erasing a person's mail never
touches it. It never holds content or personal data.
"""

from __future__ import annotations

import pgtrigger
from django.db import models

from postbox.lib import clock


class AuditRecord(models.Model):
    """One fact: ``actor`` did ``action`` to ``subject``; ``detail`` holds ids, states and codes."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=clock.now, editable=False)
    actor = models.CharField(max_length=120, editable=False)
    action = models.CharField(max_length=80, editable=False)
    subject = models.CharField(max_length=120, editable=False)
    detail = models.JSONField(default=dict, editable=False)

    class Meta:
        db_table = "audit_records"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject", "-id"], name="audit_records_subject"),
            models.Index(fields=["action", "-id"], name="audit_records_action"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_truncate",
                level=pgtrigger.Statement,
                operation=pgtrigger.Truncate,
                when=pgtrigger.Before,
                func="RAISE EXCEPTION 'audit records are only ever added';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
