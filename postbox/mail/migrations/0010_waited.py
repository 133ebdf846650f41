"""What waits for DNS is found by an index of its own, built without a lock: behind a backlog it was read through all."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("mail", "0009_verdicts_unchecked")]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                fields=["id"],
                name="messages_waited",
                condition=models.Q(("status", "received"), ("waits__gt", 0)),
            ),
        ),
    ]
