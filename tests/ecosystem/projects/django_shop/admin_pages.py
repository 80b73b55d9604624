"""Goes through the admin of django-celery-beat: each page, each form, each action; prints what comes of it as JSON."""

import json
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
import django

django.setup()
from django.contrib.auth.models import User
from django.test import Client
from django.test.utils import setup_test_environment
from django_celery_beat.models import IntervalSchedule, PeriodicTask

setup_test_environment()
User.objects.create_superuser("me", password="secret")
client = Client()
client.login(username="me", password="secret")
told = {"pages": {}}
MODELS = ("periodictask", "crontabschedule", "intervalschedule", "clockedschedule", "solarschedule")
for model in MODELS:
    for page in ("", "add/"):
        found = client.get(f"/admin/django_celery_beat/{model}/{page}")
        told["pages"][f"{model}/{page}"] = found.status_code
add = client.get("/admin/django_celery_beat/periodictask/add/").content.decode()
told["offers"] = "orders.tasks.total" in add

every, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.HOURS)
fields = {
    "name": "hourly total",
    "regtask": "orders.tasks.total",
    "task": "",
    "enabled": "on",
    "interval": every.pk,
    "args": "[1]",
    "kwargs": '{"second": 2}',
    "headers": "{}",
}
added = client.post("/admin/django_celery_beat/periodictask/add/", fields)
told["added"] = [added.status_code, PeriodicTask.objects.filter(name="hourly total").count()]
entry = PeriodicTask.objects.get(name="hourly total")
change = f"/admin/django_celery_beat/periodictask/{entry.pk}/change/"
told["change"] = client.get(change).status_code
changed = client.post(change, {**fields, "args": "[5]"})
told["changed"] = [changed.status_code, PeriodicTask.objects.get(pk=entry.pk).args]


def act(action):
    return client.post(
        "/admin/django_celery_beat/periodictask/",
        {"action": action, "_selected_action": [entry.pk]},
        follow=True,
    )


for action in ("disable_tasks", "enable_tasks", "toggle_tasks", "toggle_tasks"):
    told[action] = act(action).status_code
ran = act("run_tasks")
told["run"] = [ran.status_code, [str(message) for message in ran.context["messages"]]]

# Settings count as they are now.
from django.conf import settings
from django.test import override_settings
from orders.tasks import fails, total
from shop.celery import app

told["live"] = []
with override_settings(CELERY_TASK_ALWAYS_EAGER=True, CELERY_TASK_DEFAULT_QUEUE="other"):
    told["live"] += [type(total.delay(1)).__name__, app.conf.task_default_queue]
told["live"] += [type(total.delay(1)).__name__, app.conf.task_default_queue]
settings.CELERY_TASK_ALWAYS_EAGER = True
told["live"].append(type(total.delay(1)).__name__)
del settings.CELERY_TASK_ALWAYS_EAGER
told["live"].append(type(total.delay(1)).__name__)
told["modules"] = [type(app.loader).__name__, app.loader.import_default_modules()]

# django-celery-results
from django_celery_results.models import TaskResult

sent = total.delay(3, second=4)
sent.get(timeout=30)
fails.delay().get(timeout=30, propagate=False)
rows = TaskResult.objects.filter(task_name__startswith="orders").exclude(status="STARTED")
told["rows"] = sorted({(row.task_name, row.status) for row in rows})
one = TaskResult.objects.get(task_id=sent.id)
told["row"] = [
    one.date_started <= one.date_done,
    json.loads(one.task_args),
    json.loads(one.task_kwargs),
    one.worker.partition("@")[0],
    one.content_type,
]

from celery import group
from django_celery_results.models import GroupResult

members = group(total.s(1), total.s(2)).delay()
members.save()
members.get(timeout=30)
saved = GroupResult.objects.get(group_id=members.id)
told["group"] = [json.loads(saved.result) == json.loads(json.dumps(members.as_tuple()))]
members.delete()
told["group"].append(GroupResult.objects.count())

# A table that cannot be written loses no result.
from django.db import connection

table, away = TaskResult._meta.db_table, "elsewhere"
with connection.cursor() as cursor:
    cursor.execute(f"ALTER TABLE {table} RENAME TO {away}")
told["unwritten"] = [total.delay(each).get(timeout=30) for each in range(3)]
with connection.cursor() as cursor:
    cursor.execute(f"ALTER TABLE {away} RENAME TO {table}")
told["unwritten"].append(total.delay(50).get(timeout=30))
print(json.dumps(told))
