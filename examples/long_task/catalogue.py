"""The app and a task that takes long: it shows progress, can be stopped, goes on where it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, TypedDict

from taskhub import Celery, Task
from taskhub.exceptions import SoftTimeLimitExceeded

from jobs import Jobs

app = Celery("catalogue", task_default_queue="catalogue")
jobs = Jobs(app)

#: Seconds between two reports: often for people, seldom for the store.
REPORT_EVERY = 0.2
#: Seconds that an item takes.
ITEM = 0.01


class Progress(TypedDict):
    """How far a run is: what `update_state` stores, and what the task returns in the end."""

    outcome: str
    done: int
    total: int
    #: Where this run began: where the one before it was, or 0.
    resumed_at: int


class RunsAlready(Exception):
    """Another call does the same job."""


class Run:
    """One run of a job. However it ends, the next one goes on where it was."""

    def __init__(self, task: Task[..., Any], job: str, total: int) -> None:
        self._task = task
        self._job = job
        self._total = total
        self._position = self._resumed_at = 0
        self._outcome = "running"

    def __enter__(self) -> Self:
        """Begin where the last run was.

        Raises:
            RunsAlready: Another call does this job. The lock ends with the call that holds it.
        """
        own = str(self._task.request.id)
        holder = app.store.locks.acquire_lock(f"job {self._job}", own)
        if holder != own:
            raise RunsAlready(f"{self._job} runs already, as {holder}")
        self._position = self._resumed_at = jobs.position(self._job)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Save where it is: also after an exception, a time limit, and `revoke(terminate=True)`."""
        jobs.save(self._job, self._position)
        if isinstance(error, SoftTimeLimitExceeded):
            self._outcome = "out of time"
            return True
        return False

    def items(self) -> Iterator[int]:
        """Yield the numbers of the items to do, until all are done or the job is to stop."""
        next_report = 0.0
        while self._position < self._total:
            if time.monotonic() >= next_report:
                next_report = time.monotonic() + REPORT_EVERY
                if self._report():
                    self._outcome = "stopped"
                    return
            yield self._position
            self._position += 1
        self._outcome = "done"

    @property
    def progress(self) -> Progress:
        return {
            "outcome": self._outcome,
            "done": self._position,
            "total": self._total,
            "resumed_at": self._resumed_at,
        }

    def _report(self) -> bool:
        """Save the position, and show it; returns whether the job is to stop."""
        is_to_stop = jobs.save(self._job, self._position)
        self._task.update_state(state="PROGRESS", meta=self.progress)
        return is_to_stop


# After the soft limit the run ends in an orderly way, a minute later by force.
@app.task(bind=True, soft_time_limit=3600, time_limit=3660, throws=(RunsAlready,))
def reindex(self: Task[..., Any], job: str, total: int) -> Progress:
    """Index all items of a catalogue."""
    with Run(self, job, total) as run:
        for _item in run.items():
            time.sleep(ITEM)
    return run.progress


@app.task(bind=True, soft_time_limit=3600, time_limit=3660, throws=(RunsAlready,))
async def reindex_async(self: Task[..., Any], job: str, total: int) -> Progress:
    """Do the same in the event loop that the `async def` tasks of a worker process share.

    A report occupies the loop for half a millisecond, five times a second; everything that takes
    longer has to be awaited.
    """
    with Run(self, job, total) as run:
        for _item in run.items():
            await asyncio.sleep(ITEM)
    return run.progress
