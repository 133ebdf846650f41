"""Check the states of the rows that were there before, while mail goes on."""

import django.contrib.postgres.operations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0005_outbound_states"),
    ]

    operations = [
        django.contrib.postgres.operations.ValidateConstraint(model_name="message", name="messages_status"),
    ]
