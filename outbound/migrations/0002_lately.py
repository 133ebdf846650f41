"""An index for an agent's mails to one counterpart of late, and one for handed mail that a claim does not touch; room on
the pages of both tables for what changes.

Concurrently: recipients and messages are large tables, and mail goes on being sent meanwhile.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("outbound", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="outboundrecipient",
            index=models.Index(Lower("address"), models.F("message"), name="outbound_recipients_lately"),
        ),
        AddIndexConcurrently(
            model_name="outgoing",
            index=models.Index(
                condition=models.Q(("state", "sending")), fields=["message"], name="outbound_messages_handed"
            ),
        ),
        # Room for what a claim and a result change, so that most changes stay on their page and touch no index.
        migrations.RunSQL(
            "ALTER TABLE outbound_messages SET (fillfactor = 70); ALTER TABLE outbound_recipients SET (fillfactor = 80)",
            "ALTER TABLE outbound_messages RESET (fillfactor); ALTER TABLE outbound_recipients RESET (fillfactor)",
        ),
        RemoveIndexConcurrently(model_name="outgoing", name="outbound_messages_sending"),
    ]
