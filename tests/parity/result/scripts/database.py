"""Runs tasks whose results go to a database, or reads that: `database.py SIDE URL write|read DATABASE EXTENDED`."""

import importlib
import json
import sys

SIDE, URL, WHAT, DATABASE, EXTENDED = sys.argv[1:6]
celery = importlib.import_module(SIDE)
workers = importlib.import_module(
    "celery.contrib.testing.worker" if SIDE == "celery" else "taskhub.testing.worker"
)
app = celery.Celery("shop", broker=URL, backend=f"db+{DATABASE}")
app.conf.result_extended = bool(int(EXTENDED))


@app.task(name="double")
def double(number, *, label=None):
    """Return twice the number."""
    return 2 * number


@app.task(name="fails")
def fails():
    """Fail."""
    raise ValueError("no")


@app.task(name="again", bind=True, max_retries=1)
def again(self):
    """Run twice."""
    if not self.request.retries:
        raise self.retry(countdown=0)
    return "again"


@app.task(name="silent", ignore_result=True)
def silent():
    """Store nothing."""


@app.task(name="parent")
def parent():
    """Call another task."""
    double.apply_async((3,), task_id="child")
    return 0


def write():
    """Run tasks."""
    with workers.start_worker(app, perform_ping_check=False):
        results = [
            double.apply_async((4,), {"label": "x"}, task_id="double"),
            again.apply_async(task_id="again"),
            fails.apply_async(task_id="fails"),
            parent.apply_async(task_id="parent"),
            app.AsyncResult("child"),
        ]
        silent.apply_async(task_id="silent")
        for result in results:
            result.get(timeout=20, propagate=False)
    return {}


def read():
    """Tell what the table holds."""
    found = {}
    for name in ("double", "again", "fails", "parent", "child", "silent", "other"):
        meta = app.backend.get_task_meta(name)
        meta["result"] = repr(meta["result"])
        meta["traceback"] = meta["traceback"] and meta["traceback"].splitlines()[-1]
        meta["date_done"] = meta["date_done"] is not None
        meta["worker"] = bool(meta.get("worker"))
        found[name] = meta
    return found


sys.stdout.write(json.dumps({"write": write, "read": read}[WHAT]()))
