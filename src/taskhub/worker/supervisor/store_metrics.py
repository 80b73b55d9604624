"""Prometheus metrics of the store: its memory, its queues, and the workers everywhere.

Needs `prometheus_client` (the extra `metrics`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from taskhub.engine.port.engine import Engine
from taskhub.worker.leases.worker_info import read_worker_infos

if TYPE_CHECKING:
    from prometheus_client.core import Metric

#: The server is asked about its memory at most this often, seconds: each time is a connection.
MEMORY_PERIOD = 10.0


class Memory(NamedTuple):
    """The memory of the store's server, bytes."""

    used: int
    #: 0: there is no limit.
    limit: int


class StoreMetrics:
    """Makes the metrics of a store at each scrape; used by one thread at a time."""

    def __init__(self) -> None:
        self._memory: Memory | None = None
        self._memory_until = 0.0

    def collect(self, engine: Engine) -> Iterator[Metric]:
        """Yield the metrics.

        Raises:
            OperationalError: The store is out of reach.
        """
        yield from _of_queues(engine)
        yield from _of_workers(engine)
        yield from self._of_memory(engine)

    def _of_memory(self, engine: Engine) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        if time.monotonic() >= self._memory_until:
            self._memory = _read_memory(engine)
            self._memory_until = time.monotonic() + MEMORY_PERIOD
        if self._memory is None:
            return
        yield GaugeMetricFamily(
            "taskhub_store_memory_bytes", "Memory that its server uses.", value=self._memory.used
        )
        yield GaugeMetricFamily(
            "taskhub_store_memory_limit_bytes",
            "Memory that its server may use; 0: no limit.",
            value=self._memory.limit,
        )


def _read_memory(engine: Engine) -> Memory | None:
    """Ask the server; None: it does not say, or its user may not ask."""
    stores = engine.stores
    if not stores.is_shared:
        return None
    from taskhub.engine.factory import look_at_server

    look = look_at_server(stores.broker, stores.broker_options, client_name="taskhub-metrics")
    return memory_of(look.fields)


def memory_of(fields: Mapping[str, str]) -> Memory | None:
    """Return what the fields of INFO say; None: nothing."""
    used, limit = fields.get("used_memory", "").strip(), fields.get("maxmemory", "0").strip()
    if not used.isdecimal() or not limit.isdecimal():
        return None
    return Memory(int(used), int(limit))


def _of_queues(engine: Engine) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    def of_queue(name: str, text: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"taskhub_queue_{name}", text, labels=("queue",))

    ready = of_queue("ready", "Messages that wait.")
    delayed = of_queue("delayed", "Messages that wait for their time.")
    limited = of_queue("rate_limited", "Messages that wait because of rate limits.")
    oldest = of_queue(
        "oldest_wait_seconds", "How long the message has been ready that has waited longest."
    )
    paused = of_queue("paused", "Whether the queue is paused.")
    workers = of_queue("workers", "Worker processes that serve the queue.")
    queues, pauses = engine.queues(), engine.paused_queues()
    waits = engine.longest_waits([name for name, counts in queues.items() if counts.ready])
    serving = Counter(
        queue for info in read_worker_infos(engine.worker_infos()).values() for queue in info.queues
    )
    for name, counts in queues.items():
        ready.add_metric((name,), counts.ready)
        delayed.add_metric((name,), counts.delayed)
        limited.add_metric((name,), counts.rate_limited)
        oldest.add_metric((name,), waits.get(name, 0) / 1000)
        paused.add_metric((name,), name in pauses)
        workers.add_metric((name,), serving[name])
    dead = GaugeMetricFamily(
        "taskhub_dead_letters", "Messages that were given up.", value=engine.dead_count()
    )
    yield from (ready, delayed, limited, oldest, paused, workers, dead)


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
