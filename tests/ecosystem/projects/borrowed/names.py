"""Names that Celery's modules only import, and those of kombu and billiard, as programs use them."""

import json
import time

from billiard.exceptions import SoftTimeLimitExceeded, WorkerLostError
from kombu.exceptions import EncodeError, OperationalError
from kombu.utils.json import register_type

from celery import Celery
from celery.beat import crontab
from celery.contrib.testing.worker import start_worker
from celery.result import states
from celery.schedules import timedelta
from celery.utils.log import logging

app = Celery("borrowed", broker="memory://", backend="cache+memory://")
app.conf.beat_schedule = {
    "nightly": {"task": "borrowed.move", "schedule": crontab(hour=3)},
    "often": {"task": "borrowed.move", "schedule": timedelta(seconds=30)},
}
logging.getLogger("borrowed").addHandler(logging.NullHandler())


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y


register_type(Point, "point", lambda point: [point.x, point.y], lambda pair: Point(*pair))


@app.task(name="borrowed.move")
def move(point):
    return Point(point.x + 1, point.y)


@app.task(name="borrowed.wait", soft_time_limit=0.2)
def wait():
    try:
        while True:
            time.sleep(0.01)
    except SoftTimeLimitExceeded:
        return "tidied up"


@app.task(name="borrowed.leave", throws=(WorkerLostError,))
def leave():
    raise SystemExit(3)


def caught(kind, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except kind as error:
        return type(error).__name__
    return None


def main():
    told = {}
    with start_worker(app, perform_ping_check=False):
        moved = move.delay(Point(1, 2)).get(timeout=20)
        told["moved"] = [moved.x, moved.y]
        waited = wait.delay()
        told["waited"] = waited.get(timeout=20)
        told["state"] = waited.state == states.SUCCESS
        told["left"] = caught(WorkerLostError, leave.delay().get, timeout=20)
        told["unwritable"] = caught(EncodeError, move.delay, object())
    away = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    told["away"] = caught(OperationalError, away.send_task, "any", retry=False)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
