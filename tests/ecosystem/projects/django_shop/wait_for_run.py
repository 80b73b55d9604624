import os
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
import django

django.setup()
from django_celery_beat.models import PeriodicTask

deadline = time.monotonic() + 60
while not (count := PeriodicTask.objects.get(name="often").total_run_count) and time.monotonic() < deadline:
    time.sleep(0.1)
print(count)
