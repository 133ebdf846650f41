"""One live row an address, beside those that ended with their domain: a unique index on both, built while mail comes in.

Going back, an address that ended is renamed, so that the old index can be made again; nothing reaches it then either.
"""

from django.db import migrations, models

LIVE = models.UniqueConstraint(fields=("address", "ended_at"), name="addresses_live", nulls_distinct=False)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("identity", "0003_domain_claims"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    sql=[
                        # What a migration that was cut off left.
                        "ALTER TABLE addresses DROP CONSTRAINT IF EXISTS addresses_live",
                        "DROP INDEX CONCURRENTLY IF EXISTS addresses_live",
                        "CREATE UNIQUE INDEX CONCURRENTLY addresses_live ON addresses (address, ended_at) "
                        "NULLS NOT DISTINCT",
                        "ALTER TABLE addresses ADD CONSTRAINT addresses_live UNIQUE USING INDEX addresses_live",
                    ],
                    reverse_sql="ALTER TABLE addresses DROP CONSTRAINT IF EXISTS addresses_live",
                ),
            ],
            state_operations=[migrations.AddConstraint(model_name="address", constraint=LIVE)],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    sql="ALTER TABLE addresses DROP CONSTRAINT IF EXISTS addresses_address",
                    reverse_sql=[
                        "UPDATE addresses SET address = 'ended-' || id || '@invalid' WHERE ended_at IS NOT NULL",
                        "DROP INDEX CONCURRENTLY IF EXISTS addresses_address",
                        "CREATE UNIQUE INDEX CONCURRENTLY addresses_address ON addresses (address)",
                        "ALTER TABLE addresses ADD CONSTRAINT addresses_address UNIQUE USING INDEX addresses_address",
                    ],
                ),
            ],
            state_operations=[migrations.RemoveConstraint(model_name="address", name="addresses_address")],
        ),
    ]
