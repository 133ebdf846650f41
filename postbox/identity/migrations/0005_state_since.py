"""Since when an agent is in its state: what it did before a person resumed it counts no longer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0004_addresses_live"),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="state_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
