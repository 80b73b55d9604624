"""The relay: moves committed rows of an outbox into the store, in order, each once.

It may be killed between any two lines. What it has handed over and not deleted, the store
remembers (`OutboxStore`): the relay that leads next deletes that first. After an error it does not
know how far it came, and begins as another relay would, under another number.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from taskhub.config.urls import mask_url
from taskhub.engine.port.outbox_store import OutboxBatch, OutboxStore
from taskhub.exceptions import (
    DecodeError,
    ImproperlyConfigured,
    OperationalError,
    StoreRefused,
)
from taskhub.portions import BYTES, portions
from taskhub.transactions.row import Calls, decode_calls
from taskhub.transactions.source import OutboxSource, SourceError, StoredRow

__all__ = ("Relay",)

logger = logging.getLogger(__name__)

#: How many rows are read at a time.
ROWS: Final = 200
#: The pauses after an error: from the first to the longest, seconds.
FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 5.0


class _Unit(NamedTuple):
    """A row and what it holds."""

    row: StoredRow
    calls: Calls


class Relay:
    """One of any number of relays of an outbox.

    Args:
        source: The outbox.
        store: Returns what the store knows of an outbox, by its id.
        append_events: Stores events; it leaves them out where that fails.
        lease: How long it leads without being heard of, seconds.
        interval: How often it looks for rows while there are none, seconds.
    """

    def __init__(
        self,
        source: OutboxSource,
        store: Callable[[str], OutboxStore],
        append_events: Callable[[Sequence[str]], object],
        *,
        lease: float = 6.0,
        interval: float = 0.25,
    ) -> None:
        self.source = source
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._open_store = store
        self._append_events = append_events
        self._lease = lease
        self._interval = interval
        self._stopping = threading.Event()
        self._store: OutboxStore | None = None
        #: How many rows were put aside.
        self.refused = 0
        #: Which other relay led at the last turn; "": none did.
        self.leader = ""
        #: The number with which it leads, 0: it does not, or does not know how far it came.
        self._number = 0
        self._batch = 0
        self._led_at = 0.0
        self._trouble = ""
        self._stands_by = ""

    @property
    def leads(self) -> bool:
        """Whether it leads, as far as it knows."""
        return self._number > 0

    # -- life

    def run(self) -> None:
        """Move rows until `stop`; what goes wrong is logged and tried again."""
        pause = FIRST_PAUSE
        try:
            while not self._stopping.is_set():
                try:
                    moved = self.turn()
                except Exception as error:
                    # A database without the table, too: it may be created meanwhile.
                    self._note_trouble(error)
                    self._stopping.wait(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
                    continue
                pause = FIRST_PAUSE
                self._note_no_trouble()
                if not moved:
                    self._stopping.wait(self._interval)
        finally:
            self._end()

    def stop(self) -> None:
        """Let `run` end: what is being handed over is, and another relay leads at once."""
        self._stopping.set()

    def drain(self) -> int:
        """Move the rows that are there; return how many.

        Raises:
            SourceError: The database is out of reach.
            OperationalError: The store is out of reach.
            ImproperlyConfigured: The database has no outbox table.
        """
        taken, last, before = 0, -1, self.refused
        try:
            while last:
                last = self.turn()
                taken += last
        finally:
            self._end()
        return taken - (self.refused - before)

    def turn(self) -> int:
        """Move some rows; return how many, 0 also while another relay leads.

        Those that are put aside are among them.

        Raises:
            SourceError: The database is out of reach.
            OperationalError: The store is out of reach.
            ImproperlyConfigured: The database has no outbox table.
        """
        try:
            if not self._lead():
                return 0
            rows = self.source.read(ROWS)
            for units in portions(self._readable(rows), _size, BYTES):
                if self._stopping.is_set() or not self._move(units):
                    break
            return len(rows)
        except BaseException:
            # Whether the store has taken the last batch is not known.
            self._number = 0
            raise

    # -- leading

    def _lead(self) -> bool:
        """Lead, if no other relay does; what was taken and not deleted is deleted first."""
        if self._store is None:
            self._store = self._open_store(self.source.outbox_id())
        if self._number and time.monotonic() - self._led_at < self._lease / 4:
            return True
        led_at = time.monotonic()
        found = self._store.lead(self.name, self._number, int(self._lease * 1000))
        if not found.number:
            self._number = 0
            self.leader = found.holder
            self._note_leader(found.holder)
            return False
        self.leader = ""
        if found.number != self._number:
            if found.taken:
                self.source.delete(found.taken)
            self._number, self._batch = found.number, 0
            self._stands_by = ""
            logger.info("%s relays the outbox in %s", self.name, self.source.address)
        self._led_at = led_at
        return True

    def _end(self) -> None:
        number, self._number = self._number, 0
        try:
            if number and self._store is not None:
                self._store.resign(number)
        except OperationalError:
            logger.warning("the store is out of reach: another relay leads when the lease is over")
        self.source.close()

    # -- moving

    def _readable(self, rows: Sequence[StoredRow]) -> Iterator[_Unit]:
        """Yield the rows that hold calls; the others are put aside."""
        for row in rows:
            try:
                unit = _Unit(row, decode_calls(row.payload))
            except DecodeError as error:
                self._put_aside(row, error)
            else:
                yield unit

    def _move(self, units: Sequence[_Unit]) -> bool:
        """Hand rows over and delete them; False: another relay leads."""
        try:
            return self._hand_over(units)
        except StoreRefused as refusal:
            # Rights are no matter of a row: nothing is put aside while they are missing.
            if refusal.passing or refusal.rights:
                raise
            if len(units) == 1:
                self._put_aside(units[0].row, refusal)
                return True
        # One of them is to blame.
        return all(self._move([unit]) for unit in units)

    def _hand_over(self, units: Sequence[_Unit]) -> bool:
        assert self._store is not None
        batch = OutboxBatch(
            tuple(unit.row.row_id for unit in units),
            [message for unit in units for message in unit.calls.messages],
            [chord for unit in units for chord in unit.calls.chords],
            [chain for unit in units for chain in unit.calls.chains],
        )
        taken = self._store.store_batch(self._number, self._batch + 1, batch)
        if taken == "fenced":
            self._number = 0
            return False
        self._batch += 1
        self.source.delete(batch.rows)
        events = [event for unit in units for event in unit.calls.events]
        if events:
            self._append_events(events)
        return True

    def _put_aside(self, row: StoredRow, error: Exception) -> None:
        logger.error(
            "row %s of the outbox in %s is not relayed, before its column `error` is NULL again: "
            "%s",
            *(row.row_id, self.source.address, error),
        )
        self.source.refuse(row.row_id, str(error))
        self.refused += 1

    # -- what is logged, once

    def _note_trouble(self, error: Exception) -> None:
        text = str(error)
        if text != self._trouble:
            self._trouble = text
            expected = isinstance(error, SourceError | OperationalError | ImproperlyConfigured)
            logger.error(
                "the outbox in %s is not relayed: %s; trying again",
                *(self.source.address, mask_url(text)),
                exc_info=None if expected else error,
            )

    def _note_no_trouble(self) -> None:
        if self._trouble:
            self._trouble = ""
            logger.info("the outbox in %s is relayed again", self.source.address)

    def _note_leader(self, holder: str) -> None:
        if holder != self._stands_by:
            self._stands_by = holder
            logger.info("standing by: %s relays the outbox in %s", holder, self.source.address)


def _size(unit: _Unit) -> int:
    return len(unit.row.payload)
