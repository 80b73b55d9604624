"""Inspection of the database: queues, dead letters, revocations, workers, obstacles."""

from __future__ import annotations

from collections.abc import Sequence

from taskhub.engine.port.inspection import DeadLetter, Obstacle, PausedQueue, QueueCounts
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.postgres.history import TOGETHER, read_dead_letter
from taskhub.engine.postgres.messages import PostgresMessages
from taskhub.engine.postgres.store import PostgresStore


class PostgresInspection(PostgresMessages):
    """Reads with statements that change nothing, which may be repeated."""

    rules: EngineRules
    _store: PostgresStore

    # -- queues

    def queues(self) -> dict[str, QueueCounts]:
        """Counting takes time in proportion to the number of messages that wait."""
        return {name: QueueCounts(*counts) for name, *counts in self._store.run("queue_counts")}

    def count_queues(self) -> dict[str, int]:
        return dict(self._store.run("count_queues"))

    def count_delayed(self) -> dict[str, int]:
        return dict(self._store.run("count_delayed"))

    def count_rate_limited(self) -> dict[str, int]:
        return dict(self._store.run("count_rate_limited"))

    def paused_queues(self) -> dict[str, PausedQueue]:
        return {name: PausedQueue(*pause) for name, *pause in self._store.run("paused_queues")}

    def unfinished(self, queue: str) -> int:
        return int(self._store.run_one("unfinished", queue))

    # -- dead letters

    def dead_letters(self, offset: int, limit: int) -> list[DeadLetter]:
        if limit < 1:
            return []
        return [read_dead_letter(row) for row in self._store.run("dead_letters", offset, limit)]

    def dead_letter(self, key: str) -> DeadLetter | None:
        return self.dead_letters_of([key])[0]

    def dead_keys(self, offset: int, limit: int) -> list[tuple[str, int]]:
        if limit < 1:
            return []
        return [(key, expires) for key, expires in self._store.run("dead_keys", offset, limit)]

    def dead_letters_of(self, keys: Sequence[str]) -> list[DeadLetter | None]:
        found: dict[str, DeadLetter] = {}
        for first in range(0, len(keys), TOGETHER):
            rows = self._store.run("dead_letters_of", keys[first : first + TOGETHER])
            found.update((row[0], read_dead_letter(row)) for row in rows)
        return [found.get(key) for key in keys]

    def dead_count(self) -> int:
        return int(self._store.run_one("dead_count"))

    # -- revocations

    def revoked(self, offset: int, limit: int) -> list[str]:
        if limit < 1:
            return []
        rows = self._store.run("revoked", self._store.now, offset, limit)
        return [task_id for (task_id,) in rows]

    def revoked_stamps(self) -> list[tuple[str, str]]:
        rows = self._store.run("revoked_stamps", self._store.now)
        return [(header, value) for header, value in rows]

    # -- workers

    def workers(self) -> dict[str, int]:
        return {name: left for name, left, _ in self._store.run("workers", self._store.now)}

    def worker_infos(self) -> dict[str, bytes]:
        return {
            name: info.encode()
            for name, left, info in self._store.run("workers", self._store.now)
            if left > 0 and info is not None
        }

    def held(self, worker: str) -> dict[str, str]:
        return dict(self._store.run("held", worker))

    # -- the server

    def obstacles(self, queues: Sequence[str] = ()) -> list[Obstacle]:
        from taskhub.engine.postgres.obstacles import find_obstacles

        return find_obstacles(self._store)

    def format_obstacle(self) -> Obstacle | None:
        from taskhub.engine.postgres.obstacles import find_format_obstacle

        return find_format_obstacle(self._store)

    def ping(self) -> str:
        return f"PostgreSQL {self._store.run_one('server_version')}"
