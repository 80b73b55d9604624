"""Tells in which order calls of different priorities run that wait for a worker: `priorities.py SIDE URL OPTIONS`."""

import importlib
import json
import sys

SIDE, URL, OPTIONS = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
celery = importlib.import_module(SIDE)
workers = importlib.import_module(
    "celery.contrib.testing.worker" if SIDE == "celery" else "taskhub.testing.worker"
)
app = celery.Celery("shop", broker=URL, backend=URL, broker_transport_options=OPTIONS)
app.conf.worker_prefetch_multiplier = 1
RAN = []


@app.task(name="note")
def note(name):
    """Note that it ran."""
    RAN.append(name)


CALLS = [
    (7, "a"),
    (0, "b"),
    (4, "c"),
    (9, "d"),
    (1, "e"),
    (None, "f"),
    (3, "g"),
    (8, "h"),
    (0, "i"),
    (2, "j"),
    (12, "k"),
]
results = [
    note.apply_async(
        (f"{priority} {name}",), **({} if priority is None else {"priority": priority})
    )
    for priority, name in CALLS
]
with workers.start_worker(app, pool="solo", concurrency=1, perform_ping_check=False):
    for result in results:
        result.get(timeout=20)
sys.stdout.write(json.dumps(RAN))
