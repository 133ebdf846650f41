import uuid

import django.db.models.deletion
from django.db import migrations, models

import postbox.lib.clock
import postbox.lib.ids


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0002_domain_records"),
    ]

    operations = [
        migrations.AddField(
            model_name="address",
            name="ended_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="DomainClaim",
            fields=[
                (
                    "id",
                    models.UUIDField(default=postbox.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "domain",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="claims",
                        to="identity.domain",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="domain_claims",
                        to="identity.owner",
                    ),
                ),
                ("token", models.UUIDField(default=uuid.uuid4, editable=False)),
                (
                    "ownership_state",
                    models.CharField(
                        choices=[
                            ("pending", "Not checked yet"),
                            ("ok", "OK"),
                            ("wrong", "Wrong"),
                            ("missing", "Missing"),
                            ("unknown", "Unknown"),
                        ],
                        db_default="pending",
                        default="pending",
                        editable=False,
                        max_length=16,
                    ),
                ),
                ("found", models.JSONField(default=list, editable=False)),
                ("advice", models.CharField(blank=True, editable=False, max_length=1000)),
                ("checked_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(default=postbox.lib.clock.now, editable=False)),
            ],
            options={
                "db_table": "domain_claims",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "domain"), name="domain_claims_once"),
                    models.CheckConstraint(
                        condition=models.Q(("ownership_state__in", ["pending", "ok", "wrong", "missing", "unknown"])),
                        name="domain_claims_state",
                    ),
                ],
            },
        ),
    ]
