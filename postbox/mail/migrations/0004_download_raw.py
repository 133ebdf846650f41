from django.db import migrations


class Migration(migrations.Migration):
    """Names a permission of its own for raw mail; Django adds its row after migrating. No table is touched."""

    dependencies = [
        ("mail", "0003_thread_taint"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="message",
            options={"ordering": ["-id"], "permissions": [("download_raw", "Can download raw mail")]},
        ),
    ]
