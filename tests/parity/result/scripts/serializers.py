"""Writes results by a worker, or reads them: `serializers.py SIDE URL write|read SERIALIZER ACCEPTED...`."""

import importlib
import json
import sys

SIDE, URL, WHAT, SERIALIZER, *ACCEPTED = sys.argv[1:]
celery = importlib.import_module(SIDE)
workers = importlib.import_module(
    "celery.contrib.testing.worker" if SIDE == "celery" else "taskhub.testing.worker"
)
app = celery.Celery("shop", broker=URL, backend=URL)
app.conf.result_serializer = SERIALIZER
app.conf.accept_content = ACCEPTED


@app.task(name="gives")
def gives(value):
    """Return what it is given."""
    return value


@app.task(name="fails")
def fails():
    """Fail."""
    raise ValueError("no", 3)


@app.task(name="tells", bind=True)
def tells(self):
    """Leave with a state of its own."""
    self.update_state(state="PROGRESS", meta={"at": 1})
    raise importlib.import_module(f"{SIDE}.exceptions").Ignore


VALUES = {"number": 5, "list": [1, "ä", None, {"a": 2.5}], "text": "true", "nothing": None}


def write():
    """Run tasks."""
    with workers.start_worker(app, perform_ping_check=False):
        fails.apply_async(task_id="fails")
        tells.apply_async(task_id="tells")
        for name, value in VALUES.items():
            gives.apply_async((value,), task_id=name)
        for name in ("fails", *VALUES):
            app.AsyncResult(name).get(timeout=20, propagate=False)
    app.GroupResult("group", [app.AsyncResult("number"), app.AsyncResult("text")]).save()
    return {}


def told(name):
    """Return what a reader sees of a result."""
    try:
        result = app.AsyncResult(name)
        return [result.state, repr(result.result), bool(result.traceback)]
    except Exception as error:
        return type(error).__name__


def group():
    """Return what a stored group holds."""
    try:
        return app.GroupResult.restore("group").get(timeout=5)
    except Exception as error:
        return type(error).__name__


def read():
    """Tell what a reader sees."""
    return {name: told(name) for name in ("fails", "tells", *VALUES)} | {"group": group()}


sys.stdout.write(json.dumps({"write": write, "read": read}[WHAT]()))
