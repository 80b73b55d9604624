import json
import os
import time
import urllib.parse
import urllib.request

SITE = f"http://127.0.0.1:{os.environ['PORT']}"


def ask(path, **form):
    data = urllib.parse.urlencode(form).encode() if form else None
    with urllib.request.urlopen(SITE + path, data, timeout=30) as reply:
        return json.load(reply)


def poll(path, done):
    deadline = time.monotonic() + 30
    while not done(reply := ask(path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return reply


created = ask("/widgets/", name="gear")
print(poll(f"/tasks/{created['task']}/", lambda reply: reply["state"] == "SUCCESS"))
print(poll(f"/widgets/{created['id']}/", lambda reply: reply["renamed"]))
failed = ask("/widgets/rolled-back/", name="lost")
print(failed["error"], poll(f"/tasks/{failed['task']}/", lambda reply: reply["state"] == "SUCCESS"))
print(ask("/tasks/nobody/"))

# The same project in a program of its own, as a management command or a shell is.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_project.settings")
import django  # noqa: E402

django.setup()
from demo.models import Widget  # noqa: E402
from demo.tasks import rename_widget  # noqa: E402
from site_project import celery_app  # noqa: E402

print(celery_app.main, celery_app.conf.timezone, celery_app.conf.task_time_limit, rename_widget.name)
widget = Widget.objects.create(name="wheel")
print(rename_widget.delay(widget.pk, "WHEEL").get(timeout=30)["name"], Widget.objects.get(pk=widget.pk).name)
try:
    rename_widget.delay(0, "nobody").get(timeout=30)
except Widget.DoesNotExist as error:
    print(type(error).__name__, error)
print(sorted(name for name in celery_app.tasks if not name.startswith("celery.")))
