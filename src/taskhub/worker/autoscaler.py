"""Changing the number of a worker's processes by the backlog."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Collection

from taskhub.exceptions import OperationalError
from taskhub.worker.autoscaling import KEEPALIVE, Bounds, Load, Trend, decide
from taskhub.worker.keeper import Keeper
from taskhub.worker.pool import Pool

logger = logging.getLogger(__name__)

#: How often to look at the store, seconds.
LOOK_EVERY = 1.0
#: As in Celery: how long processes must not have been needed before they end, seconds.
KEEPALIVE_VARIABLE = "AUTOSCALE_KEEPALIVE"


class Autoscaler:
    """Knows how many processes a pool should have.

    Parameters:
      bounds: between how many there may be.
      keeper: knows the stores of the worker processes.
    """

    def __init__(self, bounds: Bounds, keeper: Keeper) -> None:
        self._bounds = bounds
        self._keepalive = float(os.environ.get(KEEPALIVE_VARIABLE, KEEPALIVE))
        self._trend = Trend()
        self._backlog = Backlog(keeper)
        self._backlog.start()

    @property
    def bounds(self) -> Bounds:
        """Between how many processes there may be."""
        return self._bounds

    @bounds.setter
    def bounds(self, bounds: Bounds) -> None:
        self._bounds, self._trend = bounds, Trend()

    def size(self, pool: Pool) -> int:
        """Return how many processes there should be now."""
        working = pool.working
        self._backlog.queues = {queue for child in working for queue in child.facts["queues"]}
        waiting = self._backlog.waiting
        if waiting is None or not working:
            return self._bounds.clamp(pool.size)
        held = sum(child.held for child in working)
        load = Load(waiting, held, working[0].facts["threads"])
        now = time.monotonic()
        size, self._trend = decide(self._bounds, pool.size, load, self._trend, now, self._keepalive)
        return size

    def stop(self) -> None:
        """Look at the store no more."""
        self._backlog.stop()


class Backlog(threading.Thread):
    """Looks up how much waits, beside the supervisor: a store that hangs must not hold that up."""

    def __init__(self, keeper: Keeper) -> None:
        super().__init__(name="taskhub-backlog", daemon=True)
        self._keeper = keeper
        self._stopping = threading.Event()
        #: The queues that count.
        self.queues: Collection[str] = ()
        #: How many messages are ready in them; None: that is not known at present.
        self.waiting: int | None = None

    def run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY):
            try:
                self.waiting = self._keeper.waiting(self.queues)
            except OperationalError:
                # The processes say so, and more of them would not help.
                self.waiting = None
            except Exception:
                logger.exception("the backlog could not be looked up; going on")
                self.waiting = None

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()
