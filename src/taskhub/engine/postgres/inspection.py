"""What is stored, read without changing it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from taskhub.engine.port.inspection import (
    DeadLetter,
    Delayed,
    FoundMessages,
    Inspection,
    Obstacle,
    PausedQueue,
    QueueCounts,
    RateLimited,
    Stored,
)
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.postgres.store import PostgresStore
from taskhub.message import Envelope


class PostgresInspection(Inspection):
    """Works on the engine's store."""

    rules: EngineRules
    _store: PostgresStore

    def queues(self) -> dict[str, QueueCounts]:
        raise NotImplementedError

    def count_queues(self) -> dict[str, int]:
        raise NotImplementedError

    def count_delayed(self) -> dict[str, int]:
        raise NotImplementedError

    def count_rate_limited(self) -> dict[str, int]:
        raise NotImplementedError

    def paused_queues(self) -> dict[str, PausedQueue]:
        raise NotImplementedError

    def unfinished(self, queue: str) -> int:
        raise NotImplementedError

    def waiting(self, queue: str, offset: int, limit: int) -> list[Envelope]:
        raise NotImplementedError

    def waiting_pages(self, pages: Sequence[tuple[str, int, int]]) -> list[list[Envelope]]:
        raise NotImplementedError

    def oldest(self, queue: str) -> list[Envelope]:
        raise NotImplementedError

    def longest_waits(self, queues: Sequence[str]) -> dict[str, int]:
        raise NotImplementedError

    def count_ready(self, queue: str) -> dict[int, int]:
        raise NotImplementedError

    def stored(self, keys: Sequence[str]) -> list[Stored | None]:
        raise NotImplementedError

    def find_keys(self, beginning: str, cursor: str = "") -> FoundMessages:
        raise NotImplementedError

    def find_messages(self, texts: Sequence[str], cursor: str = "") -> FoundMessages:
        raise NotImplementedError

    def delayed(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[Delayed]:
        raise NotImplementedError

    def rate_limited(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[RateLimited]:
        raise NotImplementedError

    def rate_limited_pages(
        self, queues: Collection[str] | None = None
    ) -> Iterator[list[RateLimited]]:
        raise NotImplementedError

    def claimed(self, worker: str, offset: int, limit: int) -> list[Envelope]:
        raise NotImplementedError

    def dead_letters(self, offset: int, limit: int) -> list[DeadLetter]:
        raise NotImplementedError

    def dead_letter(self, key: str) -> DeadLetter | None:
        raise NotImplementedError

    def dead_keys(self, offset: int, limit: int) -> list[tuple[str, int]]:
        raise NotImplementedError

    def dead_letters_of(self, keys: Sequence[str]) -> list[DeadLetter | None]:
        raise NotImplementedError

    def dead_count(self) -> int:
        raise NotImplementedError

    def revoked(self, offset: int, limit: int) -> list[str]:
        raise NotImplementedError

    def revoked_stamps(self) -> list[tuple[str, str]]:
        raise NotImplementedError

    def workers(self) -> dict[str, int]:
        raise NotImplementedError

    def worker_infos(self) -> dict[str, bytes]:
        raise NotImplementedError

    def held(self, worker: str) -> dict[str, str]:
        raise NotImplementedError

    def obstacles(self, queues: Sequence[str] = ()) -> list[Obstacle]:
        raise NotImplementedError

    def format_obstacle(self) -> Obstacle | None:
        raise NotImplementedError

    def ping(self) -> str:
        raise NotImplementedError
