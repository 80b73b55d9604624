"""The mover: takes all that waits from one store to another, each message once.

It may be killed between any two lines. What the target has taken and the source still holds, the
target remembers, as it does for relays of outboxes (`OutboxStore`): the mover that leads next
deletes that first. Queues of the source are paused meanwhile, so that no worker runs there what the
target has already; what is put there while it is moved comes with the next round.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final, TypeVar
from urllib.parse import quote, unquote

from taskhub.engine.port.audit_log import AuditEntry
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import DeadLetter
from taskhub.engine.port.transfer import Kind, MoveBatch, StoredChain, StoredChord, StoredMessage
from taskhub.exceptions import OperationalError
from taskhub.portions import BYTES, portions
from taskhub.transfer.errors import TransferError
from taskhub.transfer.obstacles import MOVERS
from taskhub.transfer.settings import BY, copy_results, copy_settings, release_queued_fires

__all__ = ("MoveCounts", "Mover")

#: How many are read and taken at a time.
PAGE: Final = 500
#: How long a mover leads without being heard of, ms.
LEASE: Final = 3000

T = TypeVar("T")


@dataclass(slots=True)
class MoveCounts:
    """What was moved so far."""

    messages: int = 0
    chords: int = 0
    chains: int = 0
    dead_letters: int = 0
    results: int = 0
    #: Schedule entries, rate limits, revoked tasks and locks.
    settings: int = 0


class Mover:
    """One move from a store to another.

    Args:
        source: Where the work is.
        target: Where it goes.
        with_results: Whether results are copied, too.
        report: Called after each step.
    """

    def __init__(
        self,
        source: Engine,
        target: Engine,
        *,
        with_results: bool = False,
        report: Callable[[str, MoveCounts], None] = lambda step, counts: None,
    ) -> None:
        self.counts = MoveCounts()
        self._source, self._target = source, target
        self._from, self._to = source.transfer, target.transfer
        self._with_results = with_results
        self._report = report
        self._name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._mover = MOVERS + self._from.store_id()
        self._leadership = target.outbox_store(self._mover)
        self._number = 0
        self._batch = 0
        self._led_at = 0.0

    def run(self) -> MoveCounts:
        """Move all; what an earlier, interrupted move has begun is gone on with.

        Raises:
            TransferError: Something is in the way; what is moved is moved.
            OperationalError: A store is out of reach, or refuses something: run it again.
        """
        self._begin()
        try:
            self._pause()
            self._reclaim()
            self.counts.settings = copy_settings(self._source, self._target)
            if self._with_results:
                self._step("results")
                for count in copy_results(self._source, self._target):
                    self.counts.results += count
                    self._step("results")
                    self._lead()
            while self._round():
                self._pause()
            self._end()
        finally:
            self._resign()
        return self.counts

    # -- leading

    def _begin(self) -> None:
        """Lead, once an earlier mover is known to be gone; delete what it had handed over."""
        deadline = time.monotonic() + 2 * LEASE / 1000
        while True:
            found = self._leadership.lead(self._name, 0, LEASE)
            if found.number:
                break
            if time.monotonic() > deadline:
                raise TransferError(
                    f"another `taskhub move` ({found.holder}) is at work: let it end"
                )
            self._step("waiting for an earlier move to be over")
            time.sleep(0.2)
        self._number, self._led_at = found.number, time.monotonic()
        self._delete(found.taken)
        self._store(MoveBatch())

    def _lead(self) -> None:
        """Renew the leadership, when it is time to."""
        if time.monotonic() - self._led_at < LEASE / 4000:
            return
        led_at = time.monotonic()
        found = self._leadership.lead(self._name, self._number, LEASE)
        if found.number != self._number:
            raise TransferError(
                "this move was held up for too long, and is over: run it again, it goes on where "
                "it was"
            )
        self._led_at = led_at

    def _resign(self) -> None:
        try:
            self._leadership.resign(self._number)
        except OperationalError:
            # The next one waits until the lease has run out.
            return

    def _step(self, step: str) -> None:
        self._report(step, self.counts)

    # -- before

    def _pause(self) -> None:
        """Pause all queues of the source, so that nobody claims what is moved."""
        reason = f"moved to {self._target.stores.broker}"
        paused = self._target.paused_queues()
        for queue, pause in self._source.paused_queues().items():
            if pause.by != BY and queue not in paused:
                self._target.pause_queue(queue, pause.by, pause.reason)
        for queue in self._source.queues():
            self._source.pause_queue(queue, BY, reason)

    def _reclaim(self) -> None:
        """Make ready again what dead workers have held; live ones are in the way."""
        for worker in self._source.workers():
            if self._source.reclaim(worker, only_expired=True) is None:
                raise TransferError(
                    f"the worker process {worker} serves {self._source.stores.broker}: stop it, "
                    "and run the move again"
                )

    # -- rounds

    def _round(self) -> bool:
        """Move what is there; return whether anything was."""
        before = _total(self.counts)
        # Before chords: all that these messages belong to is there when it is looked for.
        keys = list(dict.fromkeys(key for page in self._from.message_keys() for key in page))
        inventory = self._from.inventory()
        for page in _pages(inventory.chords, PAGE):
            self._move_chords(page)
        for page in _pages(inventory.chains, PAGE):
            for chains in portions(self._from.chains(page), _chain_size, BYTES):
                self._hand_over(
                    "chain", [chain.chain_id for chain in chains], MoveBatch(chains=chains)
                )
                self.counts.chains += len(chains)
                self._step("chains")
        for page in _pages(keys, PAGE):
            for messages in portions(self._from.messages(page), _message_size, BYTES):
                message_keys = [message.key for message in messages]
                self._hand_over("message", message_keys, MoveBatch(messages=messages))
                self.counts.messages += len(messages)
                self._step("messages")
        self._move_dead_letters()
        release_queued_fires(self._source, self._name, inventory.schedules)
        return _total(self.counts) > before or self._has_come()

    def _move_chords(self, ids: Sequence[str]) -> None:
        found = self._from.chords(ids)
        for chord in found:
            if chord.is_open:
                raise TransferError(
                    f"a caller still sends the members of the chord {chord.chord_id} to "
                    f"{self._source.stores.broker}: wait until it has ended, and run the move again"
                )
        for chords in portions(found, _chord_size, BYTES):
            self._hand_over("chord", [chord.chord_id for chord in chords], MoveBatch(chords=chords))
            self.counts.chords += len(chords)
            self._step("chords")

    def _move_dead_letters(self) -> None:
        skipped = 0
        while letters := self._source.dead_letters(skipped, PAGE):
            readable = [letter for letter in letters if letter.envelope is not None]
            # Those that something else has written stay.
            skipped += len(letters) - len(readable)
            for page in portions(readable, _dead_letter_size, BYTES):
                self._hand_over(
                    "dead", [letter.key for letter in page], MoveBatch(dead_letters=page)
                )
                self.counts.dead_letters += len(page)
                self._step("dead letters")

    def _has_come(self) -> bool:
        """Whether the source has got anything meanwhile that can be moved."""
        return any(self._from.messages(page) for page in self._from.message_keys())

    def _hand_over(self, kind: Kind, keys: Sequence[str], batch: MoveBatch) -> None:
        """Let the target take a batch, and delete it from the source."""
        self._lead()
        rows = tuple(_row(kind, key) for key in keys)
        self._store(replace(batch, rows=rows))
        self._delete(rows)

    def _store(self, batch: MoveBatch) -> None:
        taken = self._to.store_batch(self._mover, self._number, self._batch + 1, batch)
        if taken == "fenced":
            raise TransferError("another `taskhub move` has taken over: let it end")
        self._batch += 1

    def _delete(self, rows: Iterable[str]) -> None:
        found: dict[Kind, list[str]] = {}
        for row in rows:
            kind, key = _read_row(row)
            found.setdefault(kind, []).append(key)
        for kind, keys in found.items():
            self._from.delete(kind, keys)

    # -- after

    def _end(self) -> None:
        """Forget the queues of the source, and let those of the target run."""
        # So that an id which is used again is not taken for one that was moved.
        self._store(MoveBatch())
        for queue in self._source.queues():
            use = self._source.forget_queue(queue)
            if use is not None:
                raise TransferError(
                    f"the queue {queue!r} of {self._source.stores.broker} {_WHY[use]}"
                )
        for queue, pause in self._target.paused_queues().items():
            if pause.by == BY:
                self._target.resume_queue(queue)
        details = json.dumps(asdict(self.counts))
        for engine, other in ((self._source, self._target), (self._target, self._source)):
            action = "move.to" if engine is self._source else "move.from"
            target = str(other.stores.broker)
            engine.audit_log.append(AuditEntry(BY, action, target, self.counts.messages, details))


#: Why a queue cannot be forgotten.
_WHY: Final = {
    "ready": "has got messages again, or holds some that cannot be read: run the move again",
    "delayed": "has got messages again: run the move again",
    "rate_limited": "has got messages again: run the move again",
    "claimed": "has messages that a worker holds: stop it, and run the move again",
    "served": "is served by a worker: stop it, and run the move again",
}


def _row(kind: Kind, key: str) -> str:
    return f"{kind}:{quote(key, safe='', errors='surrogateescape')}"


def _read_row(row: str) -> tuple[Kind, str]:
    kind, _, key = row.partition(":")
    return kind, unquote(key, errors="surrogateescape")  # type: ignore[return-value]


def _total(counts: MoveCounts) -> int:
    return counts.messages + counts.chords + counts.chains + counts.dead_letters


def _message_size(message: StoredMessage) -> int:
    return len(message.envelope.body)


def _chord_size(chord: StoredChord) -> int:
    bodies = sum(len(message.body) for message in chord.body)
    return bodies + sum(len(part.value or "") for part in chord.parts)


def _chain_size(chain: StoredChain) -> int:
    return sum(map(len, chain.links))


def _dead_letter_size(letter: DeadLetter) -> int:
    return len(letter.reason) + (len(letter.envelope.body) if letter.envelope else 0)


def _pages(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
