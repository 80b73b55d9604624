"""Outboxes within one process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from taskhub.engine.port.outbox_store import OutboxBatch, OutboxStore, RelayLeadership, Taken


class MemoryOutboxStore(OutboxStore):
    """Shares the engine's condition and clock.

    Args:
        outbox: The id of the outbox.
        changed: The engine's condition.
        clock: The present in ms.
        publish: Stores the messages, chords and chains of a batch.
    """

    def __init__(
        self,
        outbox: str,
        changed: threading.Condition,
        clock: Callable[[], int],
        publish: Callable[[OutboxBatch], None],
    ) -> None:
        super().__init__(outbox)
        self._changed = changed
        self._clock = clock
        self._publish = publish
        self._holder = ""
        self._number = 0
        self._until = 0
        self._batch_number = 0
        self._taken: tuple[str, ...] = ()

    def lead(self, holder: str, number: int, lease: int) -> RelayLeadership:
        with self._changed:
            now = self._clock()
            own = self._holder == holder and self._until > 0
            # A lease that ends later than any lease can was given before the clock was set back.
            free = self._until <= now or self._until > now + 2 * lease
            if not own and not free:
                return RelayLeadership(0, self._holder)
            if not own or number != self._number:
                self._number += 1
                self._batch_number = 0
            self._holder, self._until = holder, now + lease
            return RelayLeadership(self._number, holder, self._taken)

    def resign(self, number: int) -> bool:
        with self._changed:
            if self._number != number:
                return False
            self._until = 0
            return True

    def store_batch(self, number: int, batch_number: int, batch: OutboxBatch) -> Taken:
        with self._changed:
            if self._number != number:
                return "fenced"
            if batch_number <= self._batch_number:
                return "known"
            self._publish(batch)
            self._batch_number, self._taken = batch_number, batch.rows
            return "stored"
