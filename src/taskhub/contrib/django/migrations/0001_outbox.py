"""Create the outbox table."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):  # type: ignore[misc]
    """Creates `taskhub_outbox`."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar[list[migrations.operations.base.Operation]] = [
        migrations.CreateModel(
            name="OutboxRow",
            fields=[
                ("sequence", models.BigAutoField(primary_key=True, serialize=False)),
                ("row_id", models.CharField(max_length=100, unique=True)),
                ("namespace", models.CharField(max_length=255)),
                ("task_id", models.CharField(max_length=255)),
                ("task", models.CharField(max_length=255)),
                ("messages", models.IntegerField()),
                ("payload", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("error", models.TextField(null=True)),
            ],
            options={
                "verbose_name": "outbox row",
                "db_table": "taskhub_outbox",
                "default_permissions": (),
            },
        ),
    ]
