"""Stores results under a prefix by a worker, or reads them: `prefix.py SIDE URL write|read PREFIX`."""

import importlib
import json
import sys

SIDE, URL, WHAT, PREFIX = sys.argv[1:5]
celery = importlib.import_module(SIDE)
workers = importlib.import_module(
    "celery.contrib.testing.worker" if SIDE == "celery" else "taskhub.testing.worker"
)
if SIDE == "celery":
    importlib.import_module("celery.contrib.testing.tasks")

app = celery.Celery(
    "shop",
    broker=URL,
    backend=URL,
    broker_transport_options={"global_keyprefix": PREFIX},
    result_backend_transport_options={"global_keyprefix": PREFIX},
)


@app.task(name="double")
def double(number):
    """Return twice the number."""
    return 2 * number


@app.task(name="fails")
def fails():
    """Fail."""
    raise ValueError("no")


@app.task(bind=True, name="tells")
def tells(self):
    """Store a state of its own, then end."""
    self.update_state(state="PROGRESS", meta={"at": 1})
    return "told"


def write():
    """Run tasks, and store a group."""
    with workers.start_worker(app, perform_ping_check=False):
        double.apply_async((4,), task_id="double").get(timeout=20)
        tells.apply_async(task_id="tells").get(timeout=20)
        fails.apply_async(task_id="fails").get(timeout=20, propagate=False)
        group = celery.group(double.s(1), double.s(2))
        results = group.apply_async(task_id="group")
        results.save()
        results.get(timeout=20)
    return {}


def read():
    """Tell what is stored, and what is to be found under which keys."""
    results = {
        name: (result.state, repr(result.get(timeout=5, propagate=False)))
        for name in ("double", "tells", "fails")
        for result in [app.AsyncResult(name)]
    }
    restored = app.GroupResult.restore("group")
    results["group"] = restored and restored.get(timeout=5)
    key = app.backend.get_key_for_task("double").decode()
    return {"results": results, "key": key, "there": app.backend.get(key) is not None}


sys.stdout.write(json.dumps({"write": write, "read": read}[WHAT]()))
