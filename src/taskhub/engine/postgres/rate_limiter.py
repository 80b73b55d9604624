"""Rate limits in the database: a bucket for each task, and what waits for its tokens."""

from __future__ import annotations

from collections.abc import Sequence

from taskhub.engine.port.rate_limiter import (
    BucketState,
    PermitRequest,
    Permits,
    Rate,
    RateLimiter,
    bucket_state,
)
from taskhub.engine.postgres.store import PostgresStore


class PostgresRateLimiter(RateLimiter):
    """What changes a bucket locks its row; buckets are locked in the order of their tasks.

    Args:
        store: The database.
    """

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def acquire_permits(self, worker: str, requests: Sequence[PermitRequest]) -> Permits:
        if not requests:
            return Permits([], None)
        ((granted, next_permit),) = self._store.run(
            "acquire_permits",
            self._store.now,
            worker,
            [request.key for request in requests],
            [request.token for request in requests],
            [request.task for request in requests],
            [request.rate.interval for request in requests],
            [request.rate.burst for request in requests],
            retry=None,
        )
        return Permits(granted, next_permit)

    def set_rate(self, task: str, rate: Rate) -> None:
        self._store.announce(self._store.run_one("set_rate", self._store.now, task, *rate))

    def waiting(self) -> dict[str, int]:
        return dict(self._store.run("count_limited_tasks"))

    def bucket_states(self, tasks: Sequence[str]) -> list[BucketState | None]:
        rows = self._store.run("read_buckets", self._store.now, list(tasks))
        return [
            bucket_state(Rate(interval, burst), full, now) for interval, burst, full, now in rows
        ]

    def store_limit(self, task: str, limit: str | None) -> None:
        if limit is None:
            self._store.run("delete_limit", task)
        else:
            self._store.run("store_limit", task, limit)

    def stored_limits(self) -> dict[str, str]:
        return dict(self._store.run("stored_limits"))
