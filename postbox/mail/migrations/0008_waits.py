from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0007_gate"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="waits",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
    ]
