"""Autoscaling: the number of a worker's processes follows the backlog of its queues."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskhub.exceptions import OperationalError

if TYPE_CHECKING:
    from taskhub.worker.supervisor.pool import Pool

logger = logging.getLogger(__name__)

#: More processes are started when the backlog has asked for them for so long, seconds: a burst that
#: is processed while a process would still be starting needs none.
GROW_AFTER = 2.0
#: Processes end that were not needed for so long, seconds; as Celery's.
KEEPALIVE = 30.0
#: The environment variable that changes it, as in Celery.
KEEPALIVE_VARIABLE = "AUTOSCALE_KEEPALIVE"
#: How often to read the backlog, seconds.
PERIOD = 1.0


@dataclass(frozen=True)
class AutoscaleBounds:
    """How many processes a worker may have."""

    most: int
    least: int

    def clamp(self, size: int) -> int:
        """Return the nearest size that is allowed."""
        return max(self.least, min(self.most, size))


@dataclass(frozen=True)
class Load:
    """The work of a worker."""

    #: Messages that are ready in its queues, and those that its processes hold.
    waiting: int
    held: int
    #: Threads of one process.
    threads: int

    @property
    def processes(self) -> int:
        """How many processes would have a thread for each message."""
        return math.ceil((self.waiting + self.held) / self.threads)


@dataclass(frozen=True)
class Trend:
    """Since when a worker has had too few processes, or too many; None: it has not."""

    too_few_since: float | None = None
    too_many_since: float | None = None
    #: The most that were needed since then.
    peak: int = 0


def decide_size(
    bounds: AutoscaleBounds,
    size: int,
    load: Load,
    trend: Trend,
    now: float,
    keepalive: float = KEEPALIVE,
) -> tuple[int, Trend]:
    """Return how many processes there should be now, and the trend up to now.

    Args:
        bounds: Between how many there may be.
        size: How many there are.
        load: The work to do.
        trend: The trend up to the last decision.
        now: Seconds, of any clock.
        keepalive: Processes end that were not needed for so long, seconds.
    """
    if bounds.clamp(size) != size:
        return bounds.clamp(size), Trend()
    needed = bounds.clamp(load.processes)
    if needed > size:
        since = now if trend.too_few_since is None else trend.too_few_since
        return (needed, Trend()) if now - since >= GROW_AFTER else (size, Trend(since))
    if needed < size:
        since = now if trend.too_many_since is None else trend.too_many_since
        peak = max(needed, trend.peak if trend.too_many_since is not None else 0)
        if now - since >= keepalive:
            return peak, Trend()
        return size, Trend(too_many_since=since, peak=peak)
    return size, Trend()


class Autoscaler:
    """Decides how many processes a pool should have.

    Args:
        bounds: Between how many there may be.
        count_ready: Returns how many messages are ready in some queues; None: unknown.
    """

    def __init__(
        self, bounds: AutoscaleBounds, count_ready: Callable[[Collection[str]], int | None]
    ) -> None:
        self._bounds = bounds
        self._keepalive = float(os.environ.get(KEEPALIVE_VARIABLE, KEEPALIVE))
        self._trend = Trend()
        self._backlog = BacklogReader(count_ready)
        self._backlog.start()

    @property
    def bounds(self) -> AutoscaleBounds:
        """Between how many processes there may be."""
        return self._bounds

    @bounds.setter
    def bounds(self, bounds: AutoscaleBounds) -> None:
        self._bounds, self._trend = bounds, Trend()

    def wanted_size(self, pool: Pool) -> int:
        """Return how many processes there should be now."""
        working = pool.working
        self._backlog.queues = {queue for child in working for queue in child.facts["queues"]}
        waiting = self._backlog.waiting
        if waiting is None or not working:
            return self._bounds.clamp(pool.size)
        held = sum(child.held for child in working)
        load = Load(waiting, held, working[0].facts["threads"])
        now = time.monotonic()
        size, self._trend = decide_size(
            self._bounds, pool.size, load, self._trend, now, self._keepalive
        )
        return size

    def stop(self) -> None:
        """Stop reading the backlog."""
        self._backlog.stop()


class BacklogReader(threading.Thread):
    """Reads the backlog in a thread of its own: a store that hangs must not stop the supervisor."""

    def __init__(self, count_ready: Callable[[Collection[str]], int | None]) -> None:
        super().__init__(name="taskhub-backlog", daemon=True)
        self._count_ready = count_ready
        self._stopping = threading.Event()
        #: The queues that count.
        self.queues: Collection[str] = ()
        #: How many messages are ready in them; None: unknown at present.
        self.waiting: int | None = None

    def run(self) -> None:
        while not self._stopping.wait(PERIOD):
            try:
                self.waiting = self._count_ready(self.queues)
            except OperationalError:
                # The processes log it, and more of them would not help.
                self.waiting = None
            except Exception:
                logger.exception("the backlog could not be read; autoscaling goes on")
                self.waiting = None

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()
