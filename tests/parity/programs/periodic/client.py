import time

from celery.schedules import crontab
from tasks import app, store

deadline = time.monotonic() + 40
while store.scard("seen") < 4 and time.monotonic() < deadline:
    time.sleep(0.05)
print(sorted(word.decode() for word in store.smembers("seen")))

app.finalize()
print(sorted(name for name in app.conf.beat_schedule))
print(app.conf.beat_schedule["never-today"]["schedule"])
print(crontab(minute="*/15", hour="9-17", day_of_week="mon-fri"))
print(crontab(minute=0, hour=0) == crontab(minute="0", hour="0"), crontab(0, 0).is_due(app.now()).is_due)
