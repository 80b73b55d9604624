"""Tasks for a worker of either library that tells of them."""

import importlib
import os

celery = importlib.import_module(os.environ["PARITY_LIBRARY"])
exceptions = importlib.import_module(f"{celery.__name__}.exceptions")

app = celery.Celery(
    "events",
    broker=os.environ["STORE"],
    backend=os.environ["STORE"],
    task_default_queue="parity",
    task_send_sent_event=True,
    worker_send_task_events=True,
)
# Ours: no worker that knows more is to come, so nobody waits for it.
app.conf.update(task_unknown_grace=0)


@app.task(name="add")
def add(x, y=2):
    return x + y


@app.task(name="fail")
def fail():
    raise KeyError("no")


@app.task(name="again", bind=True, max_retries=1)
def again(self):
    if self.request.retries == 0:
        raise self.retry(countdown=0, exc=ValueError("once more"))
    return "done"


@app.task(name="ignore")
def ignore():
    raise exceptions.Ignore


@app.task(name="silent", send_events=False)
def silent():
    return "nobody hears"


@app.task(name="late")
def late():
    raise AssertionError("it has expired")
