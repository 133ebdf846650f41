"""The states of mail that agents send. Existing rows are checked by the next migration, without a lock that waits."""

import django.contrib.postgres.operations
from django.db import migrations, models

INBOUND = ["received", "processed", "quarantined", "refused"]
OUTBOUND = ["queued", "held", "sending", "accepted", "failed", "unknown"]


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0004_download_raw"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="message", name="messages_status"),
        migrations.AlterField(
            model_name="message",
            name="status",
            field=models.CharField(
                choices=[(state, state.capitalize()) for state in INBOUND + OUTBOUND],
                default="received",
                editable=False,
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="stepverdict",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("pass", "Pass"),
                    ("flag", "Flag"),
                    ("quarantine", "Quarantine"),
                    ("hold", "Hold"),
                    ("refuse", "Refuse"),
                    ("error", "Error"),
                    ("skip", "Skipped"),
                ],
                editable=False,
                max_length=16,
            ),
        ),
        django.contrib.postgres.operations.AddConstraintNotValid(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(status__in=INBOUND + OUTBOUND), name="messages_status"
            ),
        ),
    ]
