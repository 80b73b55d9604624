import os

import redis

from celery import Celery, Task, shared_task
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded
from celery.utils.log import get_task_logger
from celery.worker.request import Request

logger = get_task_logger(__name__)
store = redis.Redis.from_url(os.environ["REDIS_URL"])
app = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.task_ignore_result = False


class MyRequest(Request):
    "A minimal custom request to log failures and hard time limits."

    def on_timeout(self, soft, timeout):
        super(MyRequest, self).on_timeout(soft, timeout)
        if not soft:
            store.rpush("requests", f"A hard timeout was enforced for task {self.task.name}")

    def on_failure(self, exc_info, send_failed_event=True, return_ok=False):
        super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)
        store.rpush("requests", f"Failure detected for task {self.task.name}")


class MyTask(Task):
    Request = MyRequest  # you can use a FQN 'my.package:MyRequest'


@app.task(base=MyTask)
def some_failing_task():
    raise ValueError("some failure")


@app.task(base=MyTask, time_limit=1)
def some_longrunning_task():
    import time

    time.sleep(3)


class DatabaseTask(Task):
    _db = None
    made = 0

    @property
    def db(self):
        if self._db is None:
            DatabaseTask.made += 1
            self._db = {"rows": [1, 2, 3]}
        return self._db


@app.task(base=DatabaseTask, bind=True)
def process_rows(self):
    return [sum(self.db["rows"]), self.name, type(self).__name__ == "process_rows", isinstance(self, DatabaseTask)]


class Told(Task):
    abstract = True

    def before_start(self, task_id, args, kwargs):
        store.rpush("handlers", f"before_start {args}")

    def on_success(self, retval, task_id, args, kwargs):
        store.rpush("handlers", f"on_success {retval}")

    def on_failure(self, exc, task_id, args, kwargs, einfo):
        store.rpush("handlers", f"on_failure {exc!r} {type(einfo).__name__}")

    def on_retry(self, exc, task_id, args, kwargs, einfo):
        store.rpush("handlers", f"on_retry {exc!r}")

    def after_return(self, status, retval, task_id, args, kwargs, einfo):
        store.rpush("handlers", f"after_return {status}")


@app.task(base=Told)
def divide(x, y):
    return x // y


@app.task(base=Told, bind=True, max_retries=2, default_retry_delay=0)
def twice(self, fail_times):
    if self.request.retries < fail_times:
        try:
            raise ConnectionError("not yet")
        except ConnectionError as exc:
            raise self.retry(exc=exc)
    return self.request.retries


class CustomError(Exception):
    pass


@app.task(autoretry_for=(CustomError,), retry_kwargs={"max_retries": 3}, retry_backoff=False, default_retry_delay=0, bind=True)
def auto(self, times):
    if self.request.retries < times:
        raise CustomError(self.request.retries)
    return self.request.retries


@app.task(bind=True, name="sum-of-two-numbers", typing=False)
def add(self, x, y=2):
    logger.info("Adding %s + %s", x, y)
    return [x + y, self.name, self.request.id == self.request.root_id]


@app.task(bind=True)
def some_task(self):
    self.update_state(state="FOO", meta={"bar": 1})
    raise Ignore()


@app.task(bind=True, acks_late=True)
def requeues(self, key):
    if store.incr(key) < 3:
        raise Reject("not now", requeue=True)
    return int(store.get(key))


@app.task(soft_time_limit=0.3)
def slow():
    import time

    try:
        time.sleep(2)
    except SoftTimeLimitExceeded:
        return "cleaned up"


@app.task(throws=(KeyError,))
def expected():
    raise KeyError("as expected")


class Adder(app.Task):
    name = "adder"

    def run(self, x, y):
        return x + y


adder = app.register_task(Adder())


@shared_task(queue="celery")
def shared(x):
    return x * 2


@app.task
def collect(urls):
    return [add.delay(len(url)).id for url in urls]
