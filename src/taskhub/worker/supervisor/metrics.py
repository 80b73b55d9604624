"""Prometheus metrics of a worker: its processes and, from the store, queues, workers and tasks.

It imports no code of users. Only this module knows `prometheus_client` (the extra `metrics`).
"""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

from taskhub.engine.port.engine import Engine
from taskhub.exceptions import OperationalError
from taskhub.statistics import Durations, summarize
from taskhub.statistics.buckets import LAST, upper_bound
from taskhub.statistics.totals import Totals
from taskhub.worker.leases.lease_renewer import LeaseRenewer
from taskhub.worker.resident_memory import resident_memory
from taskhub.worker.supervisor.status import WorkerStatus, read_status

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily, Metric

logger = logging.getLogger(__name__)

#: Every so many of the counted buckets end one of Prometheus's: a factor of 4 each.
_STEP = 4
#: How often to check whether the store is known yet, seconds.
POLL_PERIOD = 0.05
_OUTCOMES = ("done", "failed", "retried", "revoked", "ignored", "requeued")


class Collector:
    """Makes the metrics at each scrape.

    Args:
        read_status: Returns the status of this worker; None: unknown.
    """

    def __init__(self, read_status: Callable[[], WorkerStatus | None]) -> None:
        self._read_status = read_status
        self._lease_renewer: LeaseRenewer | None = None
        self._totals = Totals()
        # Two scrapes at a time would add the same counts twice.
        self._lock = threading.Lock()

    def use_lease_renewer(self, lease_renewer: LeaseRenewer) -> None:
        """Read from the store that a lease renewer knows from the worker processes."""
        self._lease_renewer = lease_renewer

    def start_counting(self, over: threading.Event) -> None:
        """Count tasks from when the store is known, unless `over` is set before."""
        while not over.is_set():
            engine = self._engine
            if engine is not None:
                with self._lock, suppress(OperationalError):
                    self._totals.read(engine.current_minute(), engine.counts)
                return
            over.wait(POLL_PERIOD)

    @property
    def _engine(self) -> Engine | None:
        return None if self._lease_renewer is None else self._lease_renewer.any_engine

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; those of the store only if it can be reached."""
        from prometheus_client.core import GaugeMetricFamily

        with self._lock:
            yield from self._of_processes()
            reached = 0
            engine = self._engine
            if engine is not None:
                try:
                    found = [*_of_queues(engine), *_of_workers(engine), *self._of_tasks(engine)]
                    reached = 1
                    yield from found
                except OperationalError as error:
                    logger.warning("metrics: %s", error)
            yield GaugeMetricFamily(
                "taskhub_store_up", "Whether the store could be reached.", value=reached
            )

    def _of_processes(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        found = None
        with suppress(OSError, ValueError, TypeError):
            found = self._read_status()
        if found is None:
            return
        labels = ("process",)
        ready = GaugeMetricFamily("taskhub_processes_ready", "Worker processes that work.")
        ready.add_metric((), len(found.ready))
        wanted = GaugeMetricFamily("taskhub_processes_wanted", "Worker processes there should be.")
        wanted.add_metric((), found.wanted)
        held = GaugeMetricFamily("taskhub_process_held", "Tasks in hand.", labels=labels)
        running = GaugeMetricFamily("taskhub_process_running", "Tasks that run.", labels=labels)
        threads = GaugeMetricFamily("taskhub_process_threads", "Tasks it may run.", labels=labels)
        memory = GaugeMetricFamily(
            "taskhub_process_resident_memory_bytes", "Resident memory.", labels=labels
        )
        restarts = CounterMetricFamily(
            "taskhub_process_restarts", "Starts after the first one.", labels=labels
        )
        for process in found.processes:
            name = (str(process.number),)
            held.add_metric(name, process.held)
            running.add_metric(name, min(process.held, process.threads))
            threads.add_metric(name, process.threads)
            with suppress(psutil.Error):
                memory.add_metric(name, resident_memory(process.process))
        for number, count in found.restarts.items():
            restarts.add_metric((number,), count)
        yield from (ready, wanted, held, running, threads, memory, restarts)

    def _of_tasks(self, engine: Engine) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        counts = self._totals.read(engine.current_minute(), engine.counts)
        labels = ("task", "queue")
        ended = CounterMetricFamily(
            "taskhub_tasks", "Executions, by what became of them.", labels=(*labels, "outcome")
        )
        run = HistogramMetricFamily(
            "taskhub_task_run_seconds", "How long tasks ran; the sum within 19 %.", labels=labels
        )
        wait = HistogramMetricFamily(
            "taskhub_task_wait_seconds",
            "How long tasks were ready before they began; the sum within 19 %.",
            labels=labels,
        )
        for subject, summary in summarize([counts]).items():
            for outcome in _OUTCOMES:
                ended.add_metric((*subject, outcome), getattr(summary, outcome))
            _add(run, subject, summary.run)
            _add(wait, subject, summary.wait)
        yield from (ended, run, wait)


def _add(family: HistogramMetricFamily, labels: tuple[str, ...], durations: Durations) -> None:
    seen: Counter[int] = Counter()
    for bucket, count in durations.buckets.items():
        # What lies in the last bucket may be of any length.
        seen[LAST if bucket >= LAST else -(-bucket // _STEP) * _STEP] += count
    buckets, total = [], 0
    for bucket in range(0, LAST, _STEP):
        total += seen[bucket]
        buckets.append((f"{upper_bound(bucket):g}", float(total)))
    buckets.append(("+Inf", float(total + seen[LAST])))
    family.add_metric(labels, buckets, durations.total)


def _of_queues(engine: Engine) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    ready = GaugeMetricFamily("taskhub_queue_ready", "Messages that wait.", labels=("queue",))
    delayed = GaugeMetricFamily(
        "taskhub_queue_delayed", "Messages that wait for their time.", labels=("queue",)
    )
    limited = GaugeMetricFamily(
        "taskhub_queue_rate_limited",
        "Messages that wait because of rate limits.",
        labels=("queue",),
    )
    for name, counts in engine.queues().items():
        ready.add_metric((name,), counts.ready)
        delayed.add_metric((name,), counts.delayed)
        limited.add_metric((name,), counts.rate_limited)
    dead = GaugeMetricFamily(
        "taskhub_dead_letters", "Messages that were given up.", value=engine.dead_count()
    )
    yield from (ready, delayed, limited, dead)


def _of_workers(engine: Engine) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    left = {worker: ms for worker, ms in engine.workers().items() if ms > 0}
    live = GaugeMetricFamily(
        "taskhub_workers", "Worker processes whose lease stands, everywhere.", value=len(left)
    )
    age = GaugeMetricFamily(
        "taskhub_worker_lease_age_seconds", "Since a lease was renewed.", labels=("worker",)
    )
    for worker, ms in left.items():
        age.add_metric((worker,), max(0, engine.rules.lease - ms) / 1000)
    yield from (live, age)


@contextmanager
def metrics_served(address: str, port: int) -> Generator[Collector]:
    """Serve `/metrics` during a block; yields the collector, which needs the lease renewer.

    Raises:
        ModuleNotFoundError: `prometheus_client` is not installed.
        OSError: The address cannot be used.
    """
    from prometheus_client import CollectorRegistry, start_http_server

    collector = Collector(lambda: read_status(os.getpid()))
    registry = CollectorRegistry(auto_describe=False)
    # With `describe` it would be called at once.
    registry.register(collector)
    server, thread = start_http_server(port, address, registry)
    over = threading.Event()
    beginning = threading.Thread(target=collector.start_counting, args=(over,), daemon=True)
    beginning.start()
    logger.info("metrics are served at http://%s:%d/metrics", address, port)
    try:
        yield collector
    finally:
        over.set()
        beginning.join()
        server.shutdown()
        server.server_close()
        thread.join()
