"""The one place where the dashboard reads the library: pages, jobs and commands use this view.

What is read again within a second is answered from what was found before, so that one page of
several parts costs the store one look.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taskhub.control.broadcast import live_worker_infos
from taskhub.exceptions import OperationalError
from taskhub.message import Envelope
from taskhub.serialization.excerpt import Excerpts
from taskhub.web.queries.audit_log import AuditEntry, AuditLog
from taskhub.web.queries.backlog_samples import BacklogSamples
from taskhub.web.queries.budget import Budget
from taskhub.web.queries.ended_tasks import EndedTasks
from taskhub.web.queries.limits import read_changes
from taskhub.web.queries.outcome_bins import Bin, OutcomeBins
from taskhub.web.queries.processes import ProcessView, read_processes
from taskhub.web.queries.queue_view import QueueView, read_queues
from taskhub.web.queries.recent_reads import RecentReads
from taskhub.web.queries.server_facts import ServerFacts, server_facts
from taskhub.web.queries.task_finder import find_tasks
from taskhub.web.queries.task_record import TaskRecord, is_retry, read_envelope

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.engine.port.engine import Engine
    from taskhub.engine.port.schedule_store import PeriodicRun
    from taskhub.schedules.status import EntryStatus
    from taskhub.worker.leases.worker_info import WorkerInfo

__all__ = ("ProcessView", "QueueView", "StoreView", "UnreadableStore")

logger = logging.getLogger(__name__)

#: Messages read with one call.
PAGE: Final = 500
#: How often the format of the data is checked, seconds: it changes when versions do.
FORMAT_PERIOD: Final = 10.0


class UnreadableStore(OperationalError):
    """Another version has written the data, in a form that this one does not read."""


class TryCounts(NamedTuple):
    """How many messages wait for another try, and for their first one."""

    retrying: int
    later: int
    #: There may be more.
    at_least: bool


class StoreView(RecentReads):
    """What the dashboard knows of an app's store; any thread may ask.

    Every method raises `OperationalError` when the store is out of reach, and `UnreadableStore`
    when another version has written it.

    Args:
        app: The app.
    """

    def __init__(self, app: Celery) -> None:
        super().__init__()
        self.app = app
        self.samples = BacklogSamples()
        self.audit = AuditLog(app)
        self._format_checked_at = -FORMAT_PERIOD

    @property
    def engine(self) -> Engine:
        """The engine.

        Raises:
            UnreadableStore: The data is another version's.
        """
        engine = self.app.engine
        if time.monotonic() - self._format_checked_at >= FORMAT_PERIOD:
            try:
                obstacle = engine.format_obstacle()
            except OperationalError:
                # What is asked of the engine next says so, where anything is.
                return engine
            if obstacle is not None:
                raise UnreadableStore(f"{obstacle.detail}: {obstacle.remedy}")
            self._format_checked_at = time.monotonic()
        return engine

    @cached_property
    def bins(self) -> OutcomeBins:
        """Counted outcomes; made when first asked for, since a dashboard is made at import time."""
        return OutcomeBins(self.app.engine)

    def read_bins(self, span: str) -> list[Bin]:
        """Return the bins of a span that ends now; several parts of a page need them."""
        return self.once(f"bins {span}", lambda: self.bins.read(span))

    @cached_property
    def excerpts(self) -> Excerpts:
        """Makes excerpts of arguments, and knows which values are hidden."""
        return Excerpts(self.app.conf.task_redact or ())

    # -- workers

    def worker_infos(self) -> Mapping[str, WorkerInfo]:
        """Return the worker infos of live worker processes."""
        return self.once("infos", lambda: live_worker_infos(self.app))

    def processes(self) -> list[ProcessView]:
        """Return the live worker processes, and what each runs."""
        return self.once("processes", lambda: read_processes(self))

    def priority_of(self, band: int | None) -> int | None:
        """Return the priority of a call for a band of the store."""
        return None if band is None else self.app.broker.priority_order().number(band)

    def running(self) -> list[TaskRecord]:
        """Return the tasks that run, the longest first."""
        found = [record for process in self.processes() for record in process.running]
        return sorted(found, key=lambda record: -(record.ran or 0.0))

    # -- queues

    def queues(self) -> list[QueueView]:
        """Return the queues that were ever used, and those that are served."""
        return self.once("queues", lambda: read_queues(self))

    def count_delayed(self) -> dict[str, int]:
        """Return how many messages of each queue are delayed; the longer it takes, the older."""
        return self.once_cheaply("delayed", self.engine.count_delayed)

    def count_rate_limited(self) -> dict[str, int]:
        """Return how many messages of each queue wait for permits."""
        return self.once_cheaply("rate-limited", self.engine.count_rate_limited)

    def soonest_delayed(self, limit: int) -> list[tuple[float, bool]]:
        """Return when the next delayed messages are due, and whether each is for another try."""

        def read() -> list[tuple[float, bool]]:
            found = self.engine.delayed(0, limit)
            return [(entry.due / 1000, is_retry(entry.envelope)) for entry in found]

        return self.once_cheaply("soonest delayed", read)

    def count_tries(self, queues: Sequence[str] | None, seconds: float) -> TryCounts:
        """Count delayed messages, as far as there is time to look.

        Args:
            queues: Only of these; None: of any.
            seconds: How long to look.
        """
        name = "tries" if queues is None else f"tries {sorted(queues)}"
        return self.once(name, lambda: self._count_tries(queues, seconds))

    def _count_tries(self, queues: Sequence[str] | None, seconds: float) -> TryCounts:
        until = time.monotonic() + seconds
        counts, offset = Counter[bool](), 0
        while page := self.engine.delayed(offset, PAGE, queues):
            counts.update(is_retry(entry.envelope) for entry in page)
            offset += PAGE
            if len(page) == PAGE and time.monotonic() > until:
                return TryCounts(counts[True], counts[False], at_least=True)
        return TryCounts(counts[True], counts[False], at_least=False)

    def longest_waits(self, queues: Sequence[QueueView]) -> dict[str, float]:
        """Return for how long the oldest ready message of each queue has waited, seconds."""
        holding = [queue.name for queue in queues if queue.ready]
        found = self.engine.longest_waits(holding) if holding else {}
        return {name: wait / 1000 for name, wait in found.items()}

    def oldest_wait(self) -> tuple[str, float] | None:
        """Return the queue whose oldest ready message has waited longest, and for how long.

        That takes a look at each queue that holds messages, so it is looked at every few seconds.
        """
        return self.once("oldest wait", self._oldest_wait, 10.0)

    def _oldest_wait(self) -> tuple[str, float] | None:
        waits = self.longest_waits(self.queues())
        return max(waits.items(), key=lambda item: item[1]) if waits else None

    def pause_queue(self, name: str, by: str, reason: str) -> bool:
        """Let no worker claim messages of a queue from now on; False: it is paused already."""
        return self.engine.pause_queue(name, by, reason)

    def resume_queue(self, name: str) -> bool:
        """Let workers claim messages of a paused queue again; False: it is not paused."""
        return self.engine.resume_queue(name)

    def waiting(self, pages: Sequence[tuple[str, int, int]]) -> list[TaskRecord]:
        """Return ready messages: pages of queues, each a queue, an offset and a limit."""
        now = time.time()
        found = self.engine.waiting_pages(pages)
        return [self.waiting_record(envelope, now) for page in found for envelope in page]

    def oldest_of_each_priority(self, queue: str) -> list[TaskRecord]:
        """Return the message of each priority that has waited longest."""
        now = time.time()
        return [self.waiting_record(envelope, now) for envelope in self.engine.oldest(queue)]

    def waiting_record(self, envelope: Envelope, now: float) -> TaskRecord:
        """Return the task of a message that is not delayed."""
        return read_envelope(self.app, envelope, self.excerpts, now, state="waiting", due_at=None)

    def each_waiting(self, queues: Sequence[tuple[str, int]]) -> Iterator[TaskRecord]:
        """Yield the ready messages of some queues.

        Args:
            queues: Their names, and about how many messages of each are ready.
        """
        now = time.time()
        for names in _batches(queues):
            pages = self.engine.waiting_pages([(name, 0, PAGE) for name in names])
            for name, first in zip(names, pages, strict=True):
                page, offset = first, 0
                while page:
                    yield from (self.waiting_record(envelope, now) for envelope in page)
                    offset += PAGE
                    page = self.engine.waiting(name, offset, PAGE) if len(page) == PAGE else []

    def each_delayed(self, queues: Collection[str] | None = None) -> Iterator[TaskRecord]:
        """Yield the delayed messages, and those that wait for another try, in pages."""
        now, offset = time.time(), 0
        while page := self.engine.delayed(offset, PAGE, queues):
            yield from (self.delayed_record(entry.due, entry.envelope, now) for entry in page)
            offset += PAGE

    def delayed_record(self, due: int, envelope: Envelope, now: float) -> TaskRecord:
        """Return the task of a message that is due later; ms since the epoch."""
        record = read_envelope(
            self.app, envelope, self.excerpts, now, state="delayed", due_at=due / 1000
        )
        return replace(record, state="retrying") if record.tries else record

    def is_delayed(self, record: TaskRecord) -> bool:
        """Whether a message still is among the delayed."""
        (found,) = self.engine.stored([record.key or record.id])
        return found is not None and found.due is not None

    def rate_limited(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[TaskRecord]:
        """Return a page of the messages that rate limits hold back."""
        now = time.time()
        return [
            self.rate_limited_record(entry.permit, entry.envelope, now)
            for entry in self.engine.rate_limited(offset, limit, queues)
        ]

    def each_rate_limited(
        self, queues: Collection[str], budget: Budget | None = None
    ) -> Iterator[TaskRecord]:
        """Yield the messages of some queues that rate limits hold back, until a budget ends."""
        now = time.time()
        for page in self.engine.rate_limited_pages(queues) if queues else ():
            for entry in page:
                yield self.rate_limited_record(entry.permit, entry.envelope, now)
            if budget is not None and budget.is_exhausted():
                return

    def rate_limited_record(self, permit: int, envelope: Envelope, now: float) -> TaskRecord:
        """Return the task of a message that gets its permit then; ms since the epoch."""
        return replace(self.waiting_record(envelope, now), rate_limited_until=permit / 1000)

    def rate_limits(self) -> tuple[dict[str, int], dict[str, Any]]:
        """Return how many messages wait for permits, and the rates changed at run time, by task."""
        limiter = self.engine.rate_limiter
        return self.once(
            "rates", lambda: (limiter.waiting(), read_changes(limiter.stored_limits()))
        )

    # -- ended tasks

    @cached_property
    def ended(self) -> EndedTasks:
        """The history, messages of failed tasks, and dead letters, as one list."""
        return EndedTasks(self)

    def history_names(self) -> list[str]:
        """Return the names of tasks in the history."""
        return self.once("names", lambda: list(self.engine.history.tasks()))

    def document(self, task_id: str) -> Mapping[str, Any] | None:
        """Return the result document of a task; None: there is none, or it cannot be read."""
        return self.documents([task_id])[0]

    def documents(self, task_ids: Sequence[str]) -> list[Mapping[str, Any] | None]:
        """Return result documents."""
        from taskhub.serialization.result_meta import decode_document

        found: list[Mapping[str, Any] | None] = []
        for text in self.engine.documents(list(task_ids)) if task_ids else ():
            try:
                value = None if text is None else decode_document(text)
            except Exception:
                # Of another serializer, or damaged: its page says that the result cannot be read.
                value = None
            found.append(value if isinstance(value, Mapping) else None)
        return found

    def find_tasks(self, task_ids: Sequence[str]) -> list[TaskRecord]:
        """Return those of some tasks of which something is kept."""
        return find_tasks(self, task_ids)

    # -- schedule and server

    def schedule(self) -> list[EntryStatus]:
        """Return the periodic jobs, when each runs next and what became of its last run."""
        return self.once("schedule", lambda: self.app.schedule.status())

    def runs(self) -> Mapping[str, Sequence[PeriodicRun]]:
        """Return the latest runs of each periodic job, the latest first."""
        return self.once("runs", self._runs, 1.5)

    def _runs(self) -> dict[str, Sequence[PeriodicRun]]:
        store = self.app.schedule.schedule_store
        return {
            status.entry.name: store.run_history(status.entry.name) for status in self.schedule()
        }

    def leader(self) -> tuple[str, float] | None:
        """Return the leading scheduler and the seconds left of its lease."""
        return self.once("leader", lambda: self.app.schedule.leader())

    def server(self) -> ServerFacts:
        """Return what the store's server reports; asked every 10 seconds."""
        return self.once("server", lambda: server_facts(self), 10.0)

    def take_sample(self) -> None:
        """Look at the lengths of queues, and remember them."""
        self.samples.record(self.engine.count_queues())

    @property
    def utc_offset(self) -> int:
        """Minutes of the app's time zone east of UTC at present."""
        offset = datetime.now(self.app.timezone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds() // 60)

    @property
    def features(self) -> dict[str, bool]:
        """What the store of this app keeps."""
        rules = self.engine.rules
        return {
            "history": rules.keeps_history,
            "failed": rules.failed_limit > 0,
            "pause": True,
            "audit": True,
            "runs": True,
            "schedule": True,
        }

    # -- who did what

    def note(self, entry: AuditEntry) -> None:
        """Write into the audit log; a store that is away does not undo what was done."""
        self.audit.add(entry)


def _batches(queues: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    """Yield names of queues, so many together that they hold about a page of messages."""
    names: list[str] = []
    held = 0
    for name, ready in queues:
        names.append(name)
        held += ready
        if held >= PAGE or len(names) >= PAGE:
            yield names
            names, held = [], 0
    if names:
        yield names
