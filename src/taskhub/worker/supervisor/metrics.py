"""Prometheus metrics of a worker: its processes and, from the store, queues, workers and tasks.

It imports no code of users. Those of the store are in `store_metrics.py`.
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
from taskhub.worker.supervisor.metrics_server import collector_served
from taskhub.worker.supervisor.status import WorkerStatus, read_status
from taskhub.worker.supervisor.store_metrics import StoreMetrics

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
        self._store = StoreMetrics()
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
            yield from self._of_losses()
            reached = 0
            engine = self._engine
            if engine is not None:
                try:
                    found = [*self._store.collect(engine), *self._of_tasks(engine)]
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

    def _of_losses(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily

        if self._lease_renewer is None:
            return
        workers, messages = self._lease_renewer.losses
        yield CounterMetricFamily(
            "taskhub_workers_lost",
            "Worker processes that were killed or whose lease expired, as this worker found.",
            value=workers,
        )
        yield CounterMetricFamily(
            "taskhub_messages_reclaimed", "Messages that lost workers held.", value=messages
        )

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


@contextmanager
def metrics_served(address: str, port: int) -> Generator[Collector]:
    """Serve the metrics of this process's worker during a block.

    Yields:
        The collector, which needs the lease renewer.

    Raises:
        ModuleNotFoundError: `prometheus_client` is not installed.
        OSError: The address cannot be used.
    """
    collector = Collector(lambda: read_status(os.getpid()))
    with collector_served(collector, address, port):
        over = threading.Event()
        beginning = threading.Thread(target=collector.start_counting, args=(over,), daemon=True)
        beginning.start()
        try:
            yield collector
        finally:
            over.set()
            beginning.join()
