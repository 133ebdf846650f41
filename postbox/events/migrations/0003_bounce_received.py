"""Mail that may be a bounce is an event. Existing rows are checked by the next migration, without a lock that waits."""

import django.contrib.postgres.operations
from django.db import migrations, models

KINDS = [
    ("message.received", "Message Received"),
    ("message.quarantined", "Message Quarantined"),
    ("message.queued", "Message Queued"),
    ("message.held", "Message Held"),
    ("message.sent", "Message Sent"),
    ("message.delivered", "Message Delivered"),
    ("message.bounced", "Message Bounced"),
    ("message.complained", "Message Complained"),
    ("message.failed", "Message Failed"),
    ("agent.paused", "Agent Paused"),
    ("agent.killed", "Agent Killed"),
    ("agent.resumed", "Agent Resumed"),
    ("endpoint.disabled", "Endpoint Disabled"),
    ("ping", "Ping"),
    ("rule.forward", "Rule Forward"),
    ("rule.auto_reply", "Rule Auto Reply"),
    ("bounce.received", "Bounce Received"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0002_rule_kinds"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="event", name="events_kind"),
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=32),
        ),
        django.contrib.postgres.operations.AddConstraintNotValid(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(kind__in=[kind for kind, _ in KINDS]), name="events_kind"
            ),
        ),
    ]
