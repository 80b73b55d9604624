import json
import time

import django

django.setup()
from django.db import transaction  # noqa: E402
from sales.models import Event, Note  # noqa: E402
from sales.tasks import SoldOut, announce, sell  # noqa: E402
from tickets.celery import local  # noqa: E402


def poll(read):
    deadline = time.monotonic() + 30
    while not (value := read()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


waiting = poll(lambda: Note.objects.count() == 6 and Note.objects.order_by("pk"))
order = [one.text.partition(",")[0] for one in waiting]
event = Event.objects.create(name="Concert")
local.trace = ["client"]
told = {
    "order": order,
    "sold": [
        sell.apply_async(args=(event.pk, 2)).get(timeout=30)[:2],
        sell.apply_async(kwargs={"event": event.pk}).get(timeout=30)[:2],
    ],
}
try:
    sell.delay(event.pk, count=11).get(timeout=30)
except SoldOut as error:
    told["refused"] = str(error)
with transaction.atomic():
    told["returned"] = announce.apply_async(kwargs={"event": event.pk})
    time.sleep(0.5)
    told["before commit"] = Note.objects.filter(text__startswith="announced").count()
notes = Note.objects.exclude(pk__in=[one.pk for one in waiting])
poll(lambda: notes.count() == 4)
told["notes"] = sorted(notes.values_list("text", flat=True))
print(json.dumps(told))
