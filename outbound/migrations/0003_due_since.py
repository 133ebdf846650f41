"""Since when a mail has been due, from which on the three days are counted after which it is given up.

A column without a default: nothing is rewritten, and mail from before counts from when it was made.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outbound", "0002_lately")]

    operations = [
        migrations.AddField(
            model_name="outgoing", name="due_since", field=models.DateTimeField(editable=False, null=True)
        ),
    ]
