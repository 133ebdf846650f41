"""Check the kinds of the events that were there before, while mail goes on."""

import django.contrib.postgres.operations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0003_bounce_received"),
    ]

    operations = [
        django.contrib.postgres.operations.ValidateConstraint(model_name="event", name="events_kind"),
    ]
