"""Background jobs: an action on all matching tasks, with progress, a speed limit, and stop."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from taskhub.exceptions import OperationalError
from taskhub.humanize import counted
from taskhub.web.actions.actor import Actor
from taskhub.web.actions.task_actions import Batch, apply_batch, reason_to_skip, tasks_to_act_on
from taskhub.web.filters import Filter
from taskhub.web.problem import Problem
from taskhub.web.queries.times import iso, seconds

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView
    from taskhub.web.queries.task_record import TaskRecord

__all__ = ("Job", "Jobs")

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Tasks that are acted on in one step.
BATCH: Final = 200
#: Jobs at once, and jobs that are remembered.
MOST_AT_ONCE: Final = 4
MOST_KEPT: Final = 50
#: How long a job waits for a store that is away, seconds.
PATIENCE: Final = 60.0


@dataclass(eq=False)
class Job:
    """One job."""

    action: str
    filter: Filter
    actor: Actor
    before: float | None = None
    #: At most so many a second; None: as fast as it goes.
    rate: float | None = None
    signal: str = "SIGTERM"
    reason: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    state: str = "counting"
    total: int = 0
    done: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    started_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    error: str | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.ended_at is not None

    @property
    def left(self) -> int:
        """How many are still to be acted on."""
        return max(0, self.total - self.done - self.skipped.total())

    def to_json(self) -> dict[str, Any]:
        """Return it as the API writes it."""
        took = max(0.001, time.time() - self.started_at)
        speed = (self.done + self.skipped.total()) / took
        eta = self.left / speed if speed and not self.is_over else None
        reasons = [
            {"reason": reason, "count": count}
            for reason, count in self.skipped.most_common()
            if count
        ]
        return {
            "id": self.id,
            "action": self.action,
            "filter": self.filter.text,
            "state": self.state,
            "total": self.total,
            "done": self.done,
            "skipped": self.skipped.total(),
            "left": self.left,
            "reasons": reasons,
            "rate": self.rate,
            "eta": seconds(eta),
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "by": self.actor.name,
            "error": self.error,
        }


class Jobs:
    """Runs jobs in threads of this process; those that were not done end with it.

    Args:
        store: Reads the store.
    """

    def __init__(self, store: StoreView) -> None:
        self._store = store
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def start(self, job: Job) -> Job:
        """Begin a job.

        Raises:
            Problem: Too many run already.
        """
        with self._lock:
            running = sum(not each.is_over for each in self._jobs.values())
            if running >= MOST_AT_ONCE:
                detail = f"{counted(running, 'job runs', 'jobs run')} already: wait, or stop one"
                raise Problem("busy", detail, retry_after=5)
            self._jobs[job.id] = job
            while len(self._jobs) > MOST_KEPT:
                oldest = next(each for each in self._jobs.values() if each.is_over)
                del self._jobs[oldest.id]
            name = f"taskhub-job-{job.id[:8]}"
            thread = threading.Thread(target=self.run, args=(job,), name=name, daemon=True)
            self._threads[job.id] = thread
        thread.start()
        return job

    def find(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            Problem: There is none of this id.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise Problem("not_found", f"there is no job {job_id!r} in this process")
        return job

    def stop(self, job_id: str) -> Job:
        """Have a job end before it is done.

        Raises:
            Problem: There is none of this id, or it has ended.
        """
        job = self.find(job_id)
        if job.is_over:
            raise Problem("conflict", f"job {job_id} has ended: {job.state}")
        job.stop.set()
        return job

    def latest(self) -> list[Job]:
        """Return the jobs, the newest first."""
        return list(self._jobs.values())[::-1]

    def close(self) -> None:
        """Stop all jobs, and wait until they have ended."""
        for job in self._jobs.values():
            job.stop.set()
        for thread in list(self._threads.values()):
            thread.join(10)

    def run(self, job: Job) -> None:
        """Do a job, in the thread that calls."""
        try:
            records = self._patiently(job, lambda: self._collect(job))
            job.total = len(records)
            job.state = "running"
            self._act(job, records)
            state = "stopped" if job.stop.is_set() and job.left else "done"
        except OperationalError as error:
            state, job.error = "failed", str(error)
        except Exception as error:
            logger.exception("job %s has failed", job.id)
            state, job.error = "failed", f"{type(error).__name__}: see the log"
        self._note(job, state)
        job.state, job.ended_at = state, time.time()
        self._threads.pop(job.id, None)

    def _collect(self, job: Job) -> list[TaskRecord]:
        """Return the tasks that match now, so that the list does not change under its own acts."""
        found: list[TaskRecord] = []
        for record in tasks_to_act_on(self._store, job.filter, job.before):
            if job.stop.is_set():
                break
            found.append(record)
        return found

    def _act(self, job: Job, records: list[TaskRecord]) -> None:
        step = BATCH if job.rate is None else max(1, min(BATCH, int(job.rate / 4)))
        able: list[TaskRecord] = []
        for record in records:
            reason = reason_to_skip(job.action, record)
            if reason is None:
                able.append(record)
            else:
                job.skipped[reason] += 1
        began = time.monotonic()
        for start in range(0, len(able), step):
            if job.stop.is_set():
                return
            self._apply(job, Batch(job.action, able[start : start + step], job.signal))
            if job.rate is not None:
                due = began + (start + step) / job.rate
                job.stop.wait(max(0.0, due - time.monotonic()))

    def _apply(self, job: Job, batch: Batch) -> None:
        applied = self._patiently(job, lambda: apply_batch(self._store, batch))
        job.done += len(applied.ids)
        job.skipped.update(+applied.skipped)

    def _patiently(self, job: Job, act: Callable[[], T]) -> T:
        """Do something, again and again while the store is away for a short time."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return act()
            except OperationalError:
                if time.monotonic() > deadline or job.stop.wait(1.0):
                    raise

    def _note(self, job: Job, state: str) -> None:
        how = job.reason or ("all that match" if state == "done" else f"all that match, {state}")
        job.actor.note(
            self._store,
            f"tasks.{job.action}",
            "tasks",
            job.filter.text,
            done=job.done,
            matched=job.total,
            how=how,
        )
