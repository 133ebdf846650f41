"""An index by which old names of conversations are found (postbox.ingest.expiry).

The BRIN index of postbox.mail's 0002 cannot do that: vacuumed pages are filled with young rows, and a summary of a
range never forgets the old ones that were in it. A tree grows at its right end alone, since names come by time.
"""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # built while mail goes on coming in
    dependencies = [
        ("ingest", "0003_bucket"),
        ("mail", "0002_rules_and_threads"),
    ]

    operations = [
        # A build that was cut off leaves an index that is not valid, so it is never built upon.
        migrations.RunSQL(
            sql="DROP INDEX CONCURRENTLY IF EXISTS thread_keys_age",
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            sql="CREATE INDEX CONCURRENTLY thread_keys_age ON thread_keys (seen_at)",
            reverse_sql="DROP INDEX CONCURRENTLY IF EXISTS thread_keys_age",
        ),
    ]
