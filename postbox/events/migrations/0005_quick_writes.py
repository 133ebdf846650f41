"""Copies of events without a constraint on them, and sealed bytes beside their row: quick, no row is looked at."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0004_check_kinds"),
    ]

    operations = [
        # In the order of those who write events, who would else wait for us with what we wait for in hand.
        migrations.RunSQL("LOCK TABLE events IN ACCESS EXCLUSIVE MODE", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="eventcopy",
            name="event",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="copies",
                to="events.event",
            ),
        ),
        # Sealed bytes do not compress, and three events in four share a page with another, whole.
        migrations.RunSQL(
            "ALTER TABLE events ALTER COLUMN body SET STORAGE EXTERNAL;"
            "ALTER TABLE events SET (toast_tuple_target = 4080);",
            "ALTER TABLE events ALTER COLUMN body SET STORAGE EXTENDED;ALTER TABLE events RESET (toast_tuple_target);",
        ),
    ]
