"""Verdicts without a constraint on their message: quick, and no row is looked at."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0008_waits"),
    ]

    operations = [
        migrations.AlterField(
            model_name="stepverdict",
            name="message",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="verdicts",
                to="mail.message",
            ),
        ),
    ]
