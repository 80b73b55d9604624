"""Enqueueing, claiming and committing."""

from __future__ import annotations

from collections.abc import Sequence

from taskhub.engine.port.claims import Claim, Completion, Exchange, Suspects
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.postgres.store import PostgresStore
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPage, ChordPlan


class PostgresExchange(Engine):
    """Works on the engine's store."""

    _store: PostgresStore

    def enqueue(
        self,
        envelopes: Sequence[Envelope],
        *,
        chords: Sequence[ChordPlan] = (),
        chains: Sequence[ChainPlan] = (),
        page: ChordPage | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        raise NotImplementedError

    def exchange(
        self,
        worker: str,
        completions: Sequence[Completion],
        queues: Sequence[str],
        limit: int | None,
        suspects: Suspects = "all",
    ) -> Exchange:
        raise NotImplementedError

    def acknowledge(self, worker: str, claim: Claim) -> bool:
        raise NotImplementedError

    def mark_timed_out(self, worker: str, key: str, token: str) -> bool:
        raise NotImplementedError

    def requeue(self, worker: str, keys: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def reconcile(self, worker: str, held: Sequence[str]) -> list[str]:
        raise NotImplementedError
