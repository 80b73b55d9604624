"""Entries as jobs of APScheduler: it waits for each one's time, and calls back when it has come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from taskhub.schedules.entry import Entry
from taskhub_scheduler.clock import StoreClock
from taskhub_scheduler.triggers import EntryTrigger

#: So many entries may be sent at a time: a call that the store keeps waiting holds up no other.
THREADS = 4
#: When an entry is called for again that was being dealt with when it was called for.
BUSY = timedelta(seconds=0.1)

# Leader logs jobs that overlap or are late.
logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


class Jobs:
    """The jobs of one scheduler while it leads.

    Args:
        clock: The store's clock.
        fire: Called with the name of an entry that is due, in a thread of the pool, never twice at
            once for one; returns the pause after which it is called again, if the next fire time
            is not before that, or None.
        last: Returns the last fire time of an entry, sent or not; None: it is new.
    """

    def __init__(
        self,
        clock: StoreClock,
        fire: Callable[[str], timedelta | None],
        last: Callable[[Entry], datetime | None],
    ) -> None:
        self._clock = clock
        self._fire = fire
        self._last = last
        self._changed = threading.Condition()
        self._firing = 0
        self._stopped = False
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._on_fired, EVENT_JOB_EXECUTED)
        self._scheduler.add_listener(self._on_busy, EVENT_JOB_MAX_INSTANCES)
        self._scheduler.start()

    def replace(self, entries: Mapping[str, Entry]) -> None:
        """Replace the entries; each is fired once now, for what is due already."""
        for job in self._scheduler.get_jobs():
            if job.id not in entries:
                self._remove(job.id)
        for entry in entries.values():
            self._scheduler.add_job(
                self._call,
                EntryTrigger(entry, self._clock, self._last),
                args=(entry.name,),
                id=entry.name,
                next_run_time=datetime.now(UTC),
                replace_existing=True,
            )

    def again_all(self) -> None:
        """Call for all entries now."""
        for job in self._scheduler.get_jobs():
            self._again(job.id, timedelta(0))

    def stop(self, *, wait: bool) -> None:
        """End, after what is being sent if so wanted."""
        with self._changed:
            self._stopped = True
        # It would wait for its threads while it holds what they need to end.
        self._scheduler.shutdown(wait=False)
        with self._changed:
            self._changed.wait_for(lambda: not (wait and self._firing))

    def _call(self, name: str) -> timedelta | None:
        with self._changed:
            if self._stopped:
                return None
            self._firing += 1
        try:
            return self._fire(name)
        finally:
            with self._changed:
                self._firing -= 1
                self._changed.notify_all()

    # Both are called when the entry may be called for again: sooner it would be refused.

    def _on_fired(self, event: Any) -> None:
        if event.retval is not None:
            self._again(event.job_id, event.retval)

    def _on_busy(self, event: Any) -> None:
        self._again(event.job_id, BUSY)

    def _again(self, name: str, pause: timedelta) -> None:
        """Call for an entry after a pause, unless its next fire time comes before that."""
        at = datetime.now(UTC) + pause
        job = self._scheduler.get_job(name)
        if job is not None and (job.next_run_time is None or at < job.next_run_time):
            # It may be removed at any time.
            with suppress(JobLookupError):
                self._scheduler.modify_job(name, next_run_time=at)

    def _remove(self, name: str) -> None:
        # One that had no further fire time has removed itself.
        with suppress(JobLookupError):
            self._scheduler.remove_job(name)
