"""Sends before a worker is there, and counts what waits as the application's metrics do."""

import json

import django

django.setup()
from django.conf import settings  # noqa: E402
from sales.tasks import note  # noqa: E402
from tickets.celery import app  # noqa: E402

for name in ("LOW", "MIDDLE", "HIGH"):
    for number in range(2):
        note.apply_async((f"{name} {number}",), priority=getattr(settings, name), task_id=f"{name}-{number}")
client = app.broker_connection().channel().client
told = {}
for queue in settings.CELERY_TASK_QUEUES:
    names = [f"{queue.name}:{step}" if step else queue.name for step in (0, 4, 8)]
    told[queue.name] = sum(client.llen(name) for name in names)
print(json.dumps(told))
