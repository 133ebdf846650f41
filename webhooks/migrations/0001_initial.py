import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import postbox.lib.clock
import postbox.lib.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("events", "0001_initial"),
        ("identity", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("not_before", models.DateTimeField(default=postbox.lib.clock.now, editable=False)),
                ("lease_token", models.UUIDField(editable=False, null=True)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("delivered", "Delivered"), ("dead", "Dead letter")],
                        default="pending",
                        editable=False,
                        max_length=16,
                    ),
                ),
                ("sequence", models.BigIntegerField(editable=False)),
                ("created_at", models.DateTimeField(default=postbox.lib.clock.now, editable=False)),
                ("settled_at", models.DateTimeField(editable=False, null=True)),
                ("last_status", models.PositiveSmallIntegerField(editable=False, null=True)),
                ("last_error", models.CharField(blank=True, default="", editable=False, max_length=32)),
                (
                    "event",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="events.event",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "db_table": "webhook_deliveries",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField(editable=False)),
                ("at", models.DateTimeField(editable=False)),
                ("duration_ms", models.PositiveIntegerField(editable=False)),
                ("status", models.PositiveSmallIntegerField(editable=False, null=True)),
                ("error", models.CharField(blank=True, editable=False, max_length=32)),
                ("response", models.BinaryField(null=True)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tries", to="webhooks.delivery"
                    ),
                ),
            ],
            options={
                "db_table": "webhook_attempts",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(default=postbox.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("url", models.CharField(max_length=2000, verbose_name="URL")),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32), blank=True, default=list, size=None
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("disabled", "Disabled"), ("deleted", "Deleted")],
                        default="active",
                        editable=False,
                        max_length=16,
                    ),
                ),
                (
                    "disabled_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("gone", "It answered 410 Gone"),
                            ("failing", "It failed for five days"),
                            ("agent", "Its agent disabled it"),
                            ("operator", "An operator disabled it"),
                        ],
                        editable=False,
                        max_length=16,
                    ),
                ),
                ("disabled_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(default=postbox.lib.clock.now, editable=False)),
                ("sequence", models.BigIntegerField(default=0, editable=False)),
                ("secret_version", models.PositiveIntegerField(default=1, editable=False)),
                ("slow", models.BooleanField(default=False, editable=False)),
                ("not_before", models.DateTimeField(default=postbox.lib.clock.now, editable=False)),
                ("consecutive_failures", models.PositiveIntegerField(default=0, editable=False)),
                ("first_failure_at", models.DateTimeField(editable=False, null=True)),
                ("last_failure_at", models.DateTimeField(editable=False, null=True)),
                ("last_success_at", models.DateTimeField(editable=False, null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="endpoints",
                        to="identity.agent",
                    ),
                ),
            ],
            options={
                "db_table": "inbound_webhooks",
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="delivery",
            name="endpoint",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="webhooks.endpoint",
            ),
        ),
        migrations.CreateModel(
            name="EndpointSecret",
            fields=[
                (
                    "id",
                    models.UUIDField(default=postbox.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("sealed", models.BinaryField()),
                ("created_at", models.DateTimeField(default=postbox.lib.clock.now, editable=False)),
                ("expires_at", models.DateTimeField(editable=False, null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="secrets",
                        to="webhooks.endpoint",
                    ),
                ),
            ],
            options={
                "db_table": "webhook_secrets",
            },
        ),
        migrations.AddIndex(
            model_name="endpoint",
            index=models.Index(
                condition=models.Q(("state", "active")), fields=["agent"], name="inbound_webhooks_active"
            ),
        ),
        migrations.AddIndex(
            model_name="endpoint",
            index=models.Index(fields=["agent", "id"], name="inbound_webhooks_agent"),
        ),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["active", "disabled", "deleted"])), name="inbound_webhooks_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "disabled"), _negated=True),
                    models.Q(("disabled_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="inbound_webhooks_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["endpoint", "not_before"],
                name="webhook_deliveries_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "dead")), fields=["endpoint"], name="webhook_deliveries_dead"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("event", "endpoint"), name="webhook_deliveries_once"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "delivered", "dead"])), name="webhook_deliveries_state"
            ),
        ),
        migrations.AddIndex(
            model_name="endpointsecret",
            index=models.Index(fields=["endpoint", "-id"], name="webhook_secrets_endpoint"),
        ),
        migrations.AddConstraint(
            model_name="endpointsecret",
            constraint=models.UniqueConstraint(
                condition=models.Q(("expires_at", None)), fields=("endpoint",), name="webhook_secrets_one_newest"
            ),
        ),
    ]
