"""Activity of a worker process: the messages that run, and totals."""

from __future__ import annotations

import threading
import time
from collections import Counter

from taskhub.engine.dramatiq.delivery import Delivery


class Activity:
    """The messages that threads of this process run, and how many of each task have begun."""

    def __init__(self) -> None:
        self._running: dict[str, Delivery] = {}
        self._totals: Counter[str] = Counter()
        self._lock = threading.Lock()
        #: When this process started (`time.monotonic`), and as a time of day (`time.time`).
        self.began = time.monotonic()
        self.began_at = time.time()

    def begin(self, delivery: Delivery) -> None:
        """Add a message that a thread runs."""
        self._running[delivery.claim.key] = delivery
        with self._lock:
            self._totals[delivery.actor_name] += 1

    def end(self, delivery: Delivery) -> None:
        """Remove a message, if a thread has run it."""
        self._running.pop(delivery.claim.key, None)

    @property
    def running(self) -> list[Delivery]:
        """The messages that run now; not those that have been ended on behalf of their thread."""
        return [
            found for found in list(self._running.values()) if not getattr(found, "settled", False)
        ]

    @property
    def totals(self) -> dict[str, int]:
        """How many messages have begun, by the name of their task."""
        with self._lock:
            return dict(self._totals)
