import os
import time

from celery import Celery

celery = Celery(__name__)
celery.conf.broker_url = os.environ.get("CELERY_BROKER", os.environ["REDIS_URL"])
celery.conf.result_backend = os.environ.get("CELERY_BACKEND", os.environ["REDIS_URL"])


@celery.task(name="create_task")
def create_task(task_type):
    time.sleep(int(task_type) / 20)
    return True


@celery.task(name="report", bind=True)
def report(self, lines):
    for number, _ in enumerate(lines, 1):
        self.update_state(state="PROGRESS", meta={"done": number, "of": len(lines)})
    return {"lines": len(lines), "words": sum(len(line.split()) for line in lines)}


@celery.task(name="fail")
def fail(reason):
    raise RuntimeError(reason)
