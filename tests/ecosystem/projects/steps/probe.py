"""An app with a liveness file, as public projects write it; and lengths of queues asked by hand."""

import os
from pathlib import Path

from celery import Celery, bootsteps

LIVENESS, STOPPED = Path("liveness"), Path("stopped")
app = Celery("probe", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])


class LivenessProbe(bootsteps.StartStopStep):
    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker, **kwargs):
        self.tref = None

    def start(self, worker):
        self.tref = worker.timer.call_repeatedly(0.1, self.touch, (worker,), priority=10)

    def stop(self, worker):
        self.tref.cancel()
        LIVENESS.unlink(missing_ok=True)
        STOPPED.touch()

    def touch(self, worker):
        LIVENESS.write_text(worker.hostname)


app.steps["worker"].add(LivenessProbe)


@app.task
def nothing():
    pass
