"""Rate limits of tasks."""

from __future__ import annotations

from collections.abc import Sequence

from taskhub.engine.port.rate_limiter import BucketState, PermitRequest, Permits, Rate, RateLimiter
from taskhub.engine.postgres.store import PostgresStore


class PostgresRateLimiter(RateLimiter):
    """Rate limits of tasks."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def acquire_permits(self, worker: str, requests: Sequence[PermitRequest]) -> Permits:
        raise NotImplementedError

    def set_rate(self, task: str, rate: Rate) -> None:
        raise NotImplementedError

    def waiting(self) -> dict[str, int]:
        raise NotImplementedError

    def bucket_states(self, tasks: Sequence[str]) -> list[BucketState | None]:
        raise NotImplementedError

    def store_limit(self, task: str, limit: str | None) -> None:
        raise NotImplementedError

    def stored_limits(self) -> dict[str, str]:
        raise NotImplementedError
