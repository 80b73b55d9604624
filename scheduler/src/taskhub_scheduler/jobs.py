"""Entries as jobs of APScheduler: it waits for each one's time, and calls back when it has come."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from taskhub.schedules.entry import Entry
from taskhub_scheduler.clock import StoreClock
from taskhub_scheduler.triggers import StoreTimeTrigger, trigger_for

#: So many entries may be sent at a time: a call that the store keeps waiting holds up no other.
THREADS = 4

# What it would tell of jobs that overlap or come late is ours to tell.
logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


class Jobs:
    """The jobs of one scheduler while it leads.

    Parameters:
      fire: called with the name of an entry whose time has come, in a thread of the pool, never twice at once for one.
      last: returns the last tick of an entry that was dealt with, None if it is new.
    """

    def __init__(
        self,
        clock: StoreClock,
        fire: Callable[[str], object],
        last: Callable[[Entry], datetime | None],
    ) -> None:
        self._clock = clock
        self._fire = fire
        self._last = last
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.start()

    def replace(self, entries: Mapping[str, Entry]) -> None:
        """Wait for these entries and no others; each is looked at once now, for what is due already."""
        for job in self._scheduler.get_jobs():
            if job.id not in entries:
                self._remove(job.id)
        for entry in entries.values():
            self._scheduler.add_job(
                self._fire,
                self._trigger(entry),
                args=(entry.name,),
                id=entry.name,
                next_run_time=datetime.now(UTC),
                replace_existing=True,
            )

    def again(self, names: Iterable[str], pause: timedelta = timedelta(0)) -> None:
        """Call for entries once more, after a pause, unless their time comes before that."""
        at = datetime.now(UTC) + pause
        for name in names:
            job = self._scheduler.get_job(name)
            if job is not None and (job.next_run_time is None or at < job.next_run_time):
                self._scheduler.modify_job(name, next_run_time=at)

    def again_all(self) -> None:
        """Call for all entries now."""
        self.again([job.id for job in self._scheduler.get_jobs()])

    def stop(self, *, wait: bool) -> None:
        """End, after what is being sent if so wanted."""
        self._scheduler.shutdown(wait=wait)

    def _trigger(self, entry: Entry) -> StoreTimeTrigger:
        def last() -> datetime:
            return self._last(entry) or entry.present(self._clock.now())

        now = self._clock.now()
        # A `nowfun` may live in another time.
        return StoreTimeTrigger(
            trigger_for(entry.schedule, last), self._clock, entry.present(now) - now
        )

    def _remove(self, name: str) -> None:
        # One that had no further tick has removed itself.
        with suppress(JobLookupError):
            self._scheduler.remove_job(name)
