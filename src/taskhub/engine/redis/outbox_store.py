"""Outboxes in the store: a hash each, of who relays it and which rows were taken last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from taskhub.engine.port.outbox_store import OutboxBatch, OutboxStore, RelayLeadership, Taken
from taskhub.engine.redis.arguments import call_arguments
from taskhub.engine.redis.connection_pool import STEADY, ChannelPool
from taskhub.engine.redis.staging import EXPIRED, PAGE, stage
from taskhub.exceptions import StoreRefused

#: What the scripts answer of a batch.
TAKEN: Final[dict[bytes, Taken]] = {b"stored": "stored", b"known": "known", b"fenced": "fenced"}


class RedisOutboxStore(OutboxStore):
    """Every verb is one script; a batch of many messages is staged before.

    Args:
        outbox: The id of the outbox.
        namespace: What the keys begin with.
        channels: Returns the channels of this process.
        now: Returns the present in ms, "" for that of the server's clock.
    """

    def __init__(
        self,
        outbox: str,
        namespace: str,
        channels: Callable[[], ChannelPool],
        now: Callable[[], str],
    ) -> None:
        super().__init__(outbox)
        self._namespace = namespace
        self._channels = channels
        self._now = now

    def lead(self, holder: str, number: int, lease: int) -> RelayLeadership:
        given, leader, taken = self._run("lead_relay", self.outbox, holder, number, lease)
        return RelayLeadership(given, leader.decode(), tuple(taken.decode().split()))

    def resign(self, number: int) -> bool:
        return bool(self._run("resign_relay", self.outbox, number))

    def store_batch(self, number: int, batch_number: int, batch: OutboxBatch) -> Taken:
        pool = self._channels()
        staged, pages = stage(pool, self._namespace, self._now(), batch.messages, STEADY)
        unstaged = batch.messages[pages * PAGE :]
        tables = call_arguments(batch.chords, batch.chains, batch.messages, unstaged)
        subject = (self.outbox, number, batch_number, " ".join(batch.rows))
        try:
            return TAKEN[self._run("relay", *subject, staged, pages, *tables)]
        except StoreRefused as refusal:
            if pages and EXPIRED in str(refusal):
                # This relay was held up: the rows are not to blame.
                raise StoreRefused(str(refusal), passing=True) from refusal
            raise

    def _run(self, script: str, *arguments: Any) -> Any:
        # A number, or one that only grows, makes each harmless when it is sent twice.
        return self._channels().run(script, self._namespace, (self._now(), *arguments), STEADY)
