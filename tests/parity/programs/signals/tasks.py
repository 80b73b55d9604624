import logging
import os

import redis

from celery import Celery, signals
from celery.exceptions import Ignore

store = redis.Redis.from_url(os.environ["REDIS_URL"])
app = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])


def note(text):
    store.rpush("heard", text)


@app.task
def add(x, y):
    return x + y


@app.task
def fail():
    raise KeyError("no luck")


@app.task(bind=True, max_retries=1, default_retry_delay=0)
def again(self):
    if not self.request.retries:
        raise self.retry()
    return "done"


@app.task
def ignored():
    raise Ignore()


@signals.worker_init.connect
def init(sender=None, **kwargs):
    store.sadd("once", f"worker_init {sender.hostname.partition('@')[0]}")


@signals.worker_ready.connect
def ready(sender=None, **kwargs):
    store.sadd("once", f"worker_ready {sender.hostname.partition('@')[0]}")


@signals.worker_process_init.connect
def process_init(**kwargs):
    store.sadd("once", "worker_process_init")


@signals.celeryd_after_setup.connect
def after_setup(sender=None, instance=None, conf=None, **kwargs):
    store.sadd("once", f"celeryd_after_setup {sender.partition('@')[0]} {conf.task_default_queue}")


@signals.setup_logging.connect
def loggers(loglevel=None, **kwargs):
    logging.basicConfig(level="INFO", format="%(message)s")
    store.sadd("once", "setup_logging")


@signals.worker_shutdown.connect
def shutdown(sender=None, **kwargs):
    store.sadd("once", "worker_shutdown")


@signals.task_received.connect
def received(request=None, **kwargs):
    note(f"received {request.name} {request.id == request.task_id}")


@signals.task_prerun.connect
def prerun(task_id=None, task=None, args=None, kwargs=None, **rest):
    note(f"prerun {task.name} {list(args)} {kwargs} {len(task_id)}")


@signals.task_postrun.connect
def postrun(sender=None, task_id=None, task=None, retval=None, state=None, **rest):
    note(f"postrun {sender.name} {state}")


@signals.task_success.connect(sender=add)
def success(sender=None, result=None, **kwargs):
    note(f"success {sender.name} {result}")


@signals.task_failure.connect
def failure(sender=None, task_id=None, exception=None, args=None, kwargs=None, traceback=None, einfo=None, **rest):
    note(f"failure {sender.name} {exception!r} {type(einfo).__name__} {traceback is not None}")


@signals.task_retry.connect
def retry(sender=None, request=None, reason=None, einfo=None, **kwargs):
    note(f"retry {sender.name} {request.retries} {type(reason).__name__}")


@signals.task_revoked.connect
def revoked(sender=None, request=None, terminated=None, expired=None, **kwargs):
    note(f"revoked {sender.name} {terminated} {expired}")


@signals.task_unknown.connect
def unknown(name=None, id=None, **kwargs):
    note(f"unknown {name} {id is not None}")
