"""Queues at one moment: what they hold, who serves them, whether they are paused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskhub.control.backlog import nodes_serving

if TYPE_CHECKING:
    from taskhub.engine.port.inspection import PausedQueue
    from taskhub.web.queries.store_view import StoreView

__all__ = ("QueueView", "read_queues")


@dataclass(frozen=True, kw_only=True)
class QueueView:
    """A queue."""

    name: str
    ready: int = 0
    delayed: int = 0
    rate_limited: int = 0
    running: int = 0
    nodes: tuple[str, ...] = ()
    #: Threads of these nodes.
    threads: int = 0
    paused: PausedQueue | None = None

    @property
    def state(self) -> str:
        """One of `served`, `paused`, `unserved`, `empty`."""
        if self.paused is not None:
            return "paused"
        if self.nodes:
            return "served"
        return "unserved" if self.held else "empty"

    @property
    def held(self) -> int:
        """How many messages wait in it, or run."""
        return self.ready + self.delayed + self.rate_limited + self.running


def read_queues(store: StoreView) -> list[QueueView]:
    """Return the queues that were ever used, those that are served, and those that are paused."""
    ready, delayed = store.engine.count_queues(), store.count_delayed()
    limited = store.count_rate_limited()
    infos = store.worker_infos()
    paused: Mapping[str, PausedQueue] = store.engine.paused_queues()
    served = [queue for info in infos.values() for queue in info.queues]
    names = sorted({*ready, *served, *paused})
    nodes = nodes_serving(infos, names)
    threads: Counter[str] = Counter()
    for info in infos.values():
        for queue in info.queues:
            threads[queue] += info.threads
    running = Counter(record.queue for record in store.running() if record.queue is not None)
    found = [
        QueueView(
            name=name,
            ready=ready.get(name, 0),
            delayed=delayed.get(name, 0),
            rate_limited=limited.get(name, 0),
            running=running[name],
            nodes=tuple(nodes.get(name, ())),
            threads=threads[name],
            paused=paused.get(name),
        )
        for name in names
    ]
    store.samples.record({queue.name: queue.ready for queue in found})
    return found
