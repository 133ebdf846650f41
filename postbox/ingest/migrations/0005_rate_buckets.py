from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0004_thread_keys_by_age"),
    ]

    operations = [
        migrations.CreateModel(
            name="RateBucket",
            fields=[
                ("key", models.BinaryField(editable=False, max_length=16, primary_key=True, serialize=False)),
                ("used", models.IntegerField(editable=False)),
                ("granted", models.IntegerField(editable=False)),
                ("most", models.IntegerField(editable=False)),
                ("ends", models.DateTimeField(editable=False)),
            ],
            options={
                "db_table": "rate_buckets",
                "indexes": [models.Index(fields=["ends"], name="rate_buckets_ends")],
            },
        ),
        migrations.CreateModel(
            name="RateAlarm",
            fields=[
                ("only", models.BooleanField(default=True, editable=False, primary_key=True, serialize=False)),
                ("since", models.DateTimeField(editable=False, null=True)),
                ("until", models.DateTimeField(editable=False)),
            ],
            options={
                "db_table": "rate_alarm",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("only", True)), name="rate_alarm_one"),
                ],
            },
        ),
        # Counting waits for no disk; after a crash of the database counts begin anew.
        migrations.RunSQL("ALTER TABLE rate_buckets SET UNLOGGED", reverse_sql=migrations.RunSQL.noop),
    ]
