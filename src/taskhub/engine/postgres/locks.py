"""Locks held by tasks."""

from __future__ import annotations

from taskhub.engine.port.locks import Locks
from taskhub.engine.postgres.store import PostgresStore


class PostgresLocks(Locks):
    """Locks held by tasks."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def acquire_lock(self, name: str, task_id: str) -> str:
        raise NotImplementedError

    def release_lock(self, name: str, task_id: str) -> bool:
        raise NotImplementedError

    def held(self) -> dict[str, str]:
        raise NotImplementedError
