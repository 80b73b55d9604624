import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
import django

django.setup()
from django_celery_beat.models import IntervalSchedule, PeriodicTask

every, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
PeriodicTask.objects.create(name="often", task="orders.tasks.total", interval=every, args="[1]")
