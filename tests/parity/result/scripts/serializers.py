"""Writes results by a worker, or reads them: `serializers.py SIDE URL [[write|read, SERIALIZER, [ACCEPTED, ...]], ...]`.

Each job has an app of its own; prints what each came to.
"""

import importlib
import json
import sys

SIDE, URL, JOBS = sys.argv[1:]
celery = importlib.import_module(SIDE)
workers = importlib.import_module(
    "celery.contrib.testing.worker" if SIDE == "celery" else "taskhub.testing.worker"
)


def make_app(serializer, accepted):
    """Return an app with the tasks."""
    app = celery.Celery("shop", broker=URL, backend=URL)
    app.conf.result_serializer = serializer
    app.conf.accept_content = accepted

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

    return app


VALUES = {"number": 5, "list": [1, "ä", None, {"a": 2.5}], "text": "true", "nothing": None}


def write(app):
    """Run tasks."""
    with workers.start_worker(app, perform_ping_check=False):
        app.tasks["fails"].apply_async(task_id="fails")
        app.tasks["tells"].apply_async(task_id="tells")
        for name, value in VALUES.items():
            app.tasks["gives"].apply_async((value,), task_id=name)
        for name in ("fails", *VALUES):
            app.AsyncResult(name).get(timeout=20, propagate=False)
    app.GroupResult("group", [app.AsyncResult("number"), app.AsyncResult("text")]).save()
    return {}


def told(app, name):
    """Return what a reader sees of a result."""
    try:
        result = app.AsyncResult(name)
        return [result.state, repr(result.result), bool(result.traceback)]
    except Exception as error:
        return type(error).__name__


def group(app):
    """Return what a stored group holds."""
    try:
        return app.GroupResult.restore("group").get(timeout=5)
    except Exception as error:
        return type(error).__name__


def read(app):
    """Tell what a reader sees."""
    return {name: told(app, name) for name in ("fails", "tells", *VALUES)} | {"group": group(app)}


WHATS = {"write": write, "read": read}
outcomes = [
    WHATS[what](make_app(serializer, accepted)) for what, serializer, accepted in json.loads(JOBS)
]
sys.stdout.write(json.dumps(outcomes))
