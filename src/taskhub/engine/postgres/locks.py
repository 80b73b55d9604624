"""Locks in the database: a table of names and the tasks that hold them."""

from __future__ import annotations

from taskhub.engine.port.locks import Locks
from taskhub.engine.postgres.store import PostgresStore


class PostgresLocks(Locks):
    """Both changing verbs are harmless when sent twice.

    Args:
        store: The database.
    """

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def acquire_lock(self, name: str, task_id: str) -> str:
        return str(self._store.run_one("acquire_lock", self._store.now, name, task_id))

    def release_lock(self, name: str, task_id: str) -> bool:
        return bool(self._store.run("release_lock", name, task_id))

    def held(self) -> dict[str, str]:
        return dict(self._store.run("held_locks"))
