"""Waiting for work."""

from __future__ import annotations

from collections.abc import Sequence

from taskhub.engine.port.notifier import Notifier, Topic
from taskhub.engine.postgres.store import PostgresStore


class PostgresNotifier(Notifier):
    """Waiting for work."""

    def __init__(self, store: PostgresStore, topics: Sequence[Topic]) -> None:
        self._store = store

    def wait(self, timeout: float, *, listen: bool = True) -> bool:
        raise NotImplementedError

    def poll(self) -> bool:
        raise NotImplementedError

    def interrupt(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
