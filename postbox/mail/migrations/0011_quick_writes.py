"""What belongs to a message without a constraint on it, and sealed bytes beside their row: quick, no row is looked at.

Two mails in three fit on a page with their row: kept there they are one write instead of four, and one read.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0010_waited"),
    ]

    operations = [
        # In the order of the pipeline, which would else wait for us with what we wait for in hand.
        migrations.RunSQL("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="messagecontent",
            name="message",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="content",
                serialize=False,
                to="mail.message",
            ),
        ),
        migrations.AlterField(
            model_name="attachment",
            name="message",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="attachments",
                to="mail.message",
            ),
        ),
        migrations.AlterField(
            model_name="spooledmail",
            name="message",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="spooled",
                serialize=False,
                to="mail.message",
            ),
        ),
        # The spool is emptied soon, so its pages may be half full; what stays shares a page with another.
        migrations.RunSQL(
            "ALTER TABLE mail_spool SET (toast_tuple_target = 8160);"
            "ALTER TABLE message_contents SET (toast_tuple_target = 4080);",
            "ALTER TABLE mail_spool RESET (toast_tuple_target);"
            "ALTER TABLE message_contents RESET (toast_tuple_target);",
        ),
    ]
