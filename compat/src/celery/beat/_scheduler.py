"""What a scheduler of one's own is made from: `Scheduler`, to be subclassed as Celery's."""

from __future__ import annotations

import heapq
import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from copy import copy
from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

from celery.beat._entry import ScheduleEntry
from taskhub.schedules.lazy_arguments import resolve_argument

if TYPE_CHECKING:
    from taskhub import Celery

logger = logging.getLogger("taskhub.scheduler")

#: The longest that is waited before the entries are looked at again, seconds.
DEFAULT_MAX_INTERVAL = 300
#: Entries are called for so much earlier than they are due, seconds: to wake up takes a moment.
EARLIER = 0.010


class SchedulingError(Exception):
    """An entry's call could not be sent."""


class event_t(NamedTuple):
    """When an entry is to be looked at: seconds since the epoch."""

    time: float
    priority: int
    entry: Any


class Scheduler:
    """Sends the calls of its entries when they are due; subclasses say where the entries are.

    Args:
        app: The app whose tasks are called.
        schedule: The entries by name, or a function that returns them.
        max_interval: The longest wait before the entries are looked at again, seconds; None: the
            setting `beat_max_loop_interval`, or 300.
        Producer: Accepted as Celery's, without effect.
        lazy: Leave out `setup_schedule`.
        sync_every_tasks: After so many calls `sync` is called; None: the setting `beat_sync_every`.
    """

    Entry: type[Any] = ScheduleEntry
    max_interval: float = DEFAULT_MAX_INTERVAL
    #: `sync` is called this often, seconds.
    sync_every: float = 3 * 60
    sync_every_tasks: int | None = None
    logger = logger

    _last_sync: float | None = None
    _tasks_since_sync = 0
    _heap: list[event_t] | None = None

    def __init__(
        self,
        app: Celery,
        schedule: Any = None,
        max_interval: float | None = None,
        Producer: Any = None,
        lazy: bool = False,
        sync_every_tasks: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.app = app
        self.data: Any = schedule() if callable(schedule) else schedule
        if self.data is None:
            self.data = {}
        self.max_interval = max_interval or app.conf.beat_max_loop_interval or self.max_interval
        self.Producer = Producer
        self.producer = None
        self.old_schedulers: Any = None
        every = app.conf.beat_sync_every
        self.sync_every_tasks = every if sync_every_tasks is None else sync_every_tasks
        if not lazy:
            self.setup_schedule()

    # -- entries

    def setup_schedule(self) -> None:
        """Get the entries together: those of the setting `beat_schedule`."""
        self.install_default_entries(self.data)
        self.merge_inplace(self.app.conf.beat_schedule or {})

    def install_default_entries(self, data: Any) -> None:
        """Add what is always called: nothing, the store drops by itself what has expired."""

    def get_schedule(self) -> MutableMapping[str, Any]:
        """Return the entries by name."""
        entries: MutableMapping[str, Any] = self.data
        return entries

    def set_schedule(self, schedule: Any) -> None:
        """Exchange the entries."""
        self.data = schedule

    @property
    def schedule(self) -> MutableMapping[str, Any]:
        """The entries by name."""
        return self.get_schedule()

    @schedule.setter
    def schedule(self, schedule: Any) -> None:
        self.set_schedule(schedule)

    def add(self, **kwargs: Any) -> Any:
        """Add an entry with these fields and return it."""
        entry = self.Entry(app=self.app, **kwargs)
        self.schedule[entry.name] = entry
        return entry

    def update_from_dict(self, dict_: Mapping[str, Any]) -> None:
        """Add entries, given as such or as their fields, by name."""
        self.schedule.update({name: self._maybe_entry(name, one) for name, one in dict_.items()})

    def merge_inplace(self, b: Mapping[str, Any]) -> None:
        """Make the entries those that are described by name: what they were called last stays."""
        schedule = self.schedule
        for name in set(schedule) - set(b):
            del schedule[name]
        for name, fields in b.items():
            entry = self.Entry(**{**fields, "name": name, "app": self.app})
            if schedule.get(name) is not None:
                schedule[name].update(entry)
            else:
                schedule[name] = entry

    def _maybe_entry(self, name: str, entry: Any) -> Any:
        if isinstance(entry, self.Entry):
            entry.app = self.app
            return entry
        return self.Entry(**{**entry, "name": name, "app": self.app})

    def schedules_equal(self, old_schedules: Any, new_schedules: Any) -> bool:
        """Return whether two sets of entries are the same; if not, all are looked at anew."""
        if old_schedules is None or new_schedules is None:
            return old_schedules is new_schedules
        return bool(dict(old_schedules) == dict(new_schedules))

    # -- due entries

    def tick(self) -> float:
        """Send one call that is due, if there is one; returns the seconds to the next one."""
        if self._heap is None or not self.schedules_equal(self.old_schedulers, self.schedule):
            self.old_schedulers = copy(self.schedule)
            self.populate_heap()
        heap = self._heap
        if not heap:
            return self.max_interval
        first = heap[0]
        wait = first.time - self._when(first.entry, 0)
        if wait > 0:
            return min(wait, self.max_interval)
        due, seconds = self._due(lambda: self.is_due(first.entry), first.entry)
        if heap and heap[0] is first:
            heapq.heappop(heap)
        if not due:
            # It changed its mind, e.g. because it was paused.
            heapq.heappush(heap, first._replace(time=self._when(first.entry, seconds)))
            another = heap[0].entry is not first.entry
            return 0 if another else min(self.adjust(seconds), self.max_interval)
        following = self.reserve(first.entry)
        self.apply_entry(first.entry, producer=self.producer)
        heapq.heappush(heap, first._replace(time=self._when(following, seconds), entry=following))
        return 0

    def populate_heap(self) -> None:
        """Work out when each entry is to be looked at."""
        self._heap = []
        for entry in self.schedule.values():
            due, seconds = self._due(entry.is_due, entry)
            self._heap.append(event_t(self._when(entry, 0 if due else seconds), 5, entry))
        heapq.heapify(self._heap)

    def is_due(self, entry: Any) -> tuple[bool, float]:
        """Return whether an entry is to be called, and in how many seconds to look again."""
        due: tuple[bool, float] = entry.is_due()
        return due

    def _due(self, query: Callable[[], Any], entry: Any) -> tuple[bool, float]:
        try:
            due, seconds = query()
        except Exception:
            # One entry must not keep the others from running.
            logger.exception(
                "cannot compute when %s runs next; trying again in %g s",
                entry.name,
                self.max_interval,
            )
            return False, self.max_interval
        return due, seconds if isinstance(seconds, int | float) else self.max_interval

    def adjust(self, n: float, drift: float = -EARLIER) -> float:
        """Return a wait shortened by what waking up takes."""
        return n + drift if n and n > 0 else n

    def _when(self, entry: Any, next_time_to_run: float) -> float:
        now = entry.default_now()
        if now.utcoffset() is None:
            now = now.replace(tzinfo=UTC)
        return float(now.timestamp() + self.adjust(next_time_to_run))

    # -- calls

    def reserve(self, entry: Any) -> Any:
        """Note that an entry is called now; returns it as it is afterwards."""
        following = self.schedule[entry.name] = next(entry)
        return following

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send an entry's call; what goes wrong is logged."""
        logger.info("Scheduler: Sending due task %s (%s)", entry.name, entry.task)
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except Exception as error:
            logger.exception("%s", error)

    def apply_async(
        self, entry: Any, producer: Any = None, advance: bool = True, **kwargs: Any
    ) -> Any:
        """Send an entry's call and return its result.

        Args:
            entry: The entry.
            producer: Accepted as Celery's, without effect.
            advance: Count the call as the entry's last run.
            kwargs: Accepted as Celery's, without effect.

        Raises:
            SchedulingError: It could not be sent.
        """
        # First, so that an entry whose call fails does not fail forever.
        entry = self.reserve(entry) if advance else entry
        try:
            args = [resolve_argument(value) for value in entry.args or ()]
            named = {name: resolve_argument(value) for name, value in (entry.kwargs or {}).items()}
            options = dict(entry.options or {})
            options["headers"] = {**(options.get("headers") or {}), "celery_beat_task": True}
            task = self.app.tasks.get(entry.task)
            if task is not None:
                return task.apply_async(args, named, producer=producer, **options)
            return self.send_task(entry.task, args, named, producer=producer, **options)
        except Exception as error:
            raise SchedulingError(f"Couldn't apply scheduled task {entry.name}: {error}") from error
        finally:
            self._tasks_since_sync += 1
            if self.should_sync():
                self._do_sync()

    def send_task(self, *args: Any, **kwargs: Any) -> Any:
        """Send a call by the task's name; as `Celery.send_task`."""
        return self.app.send_task(*args, **kwargs)

    # -- persistence

    def should_sync(self) -> bool:
        """Return whether it is time for `sync`."""
        last = self._last_sync
        if last is None or time.monotonic() - last > self.sync_every:
            return True
        return bool(self.sync_every_tasks) and self._tasks_since_sync >= (
            self.sync_every_tasks or 0
        )

    def _do_sync(self) -> None:
        try:
            self.sync()
        finally:
            self._last_sync = time.monotonic()
            self._tasks_since_sync = 0

    def sync(self) -> None:
        """Write down when entries were called; for subclasses."""

    def close(self) -> None:
        """End."""
        self.sync()

    @property
    def info(self) -> str:
        """A line about the scheduler, for its start."""
        return ""


#: What `Scheduler.apply_entry` is where no monitoring library has replaced it.
APPLY_ENTRY = Scheduler.apply_entry
