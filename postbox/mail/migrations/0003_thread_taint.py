"""The index by thread holds the score too, so that a thread's taint is one look-up.

Built beside the old one and without a lock, since `messages` can be large; the old one goes after it.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("mail", "0002_rules_and_threads")]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                fields=["thread_id", "injection_score"],
                name="messages_thread_taint",
                condition=models.Q(("thread_id__isnull", False)),
            ),
        ),
        RemoveIndexConcurrently(model_name="message", name="messages_thread"),
    ]
