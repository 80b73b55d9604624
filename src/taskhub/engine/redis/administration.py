"""Administration of the store: revoked tasks, dead letters, whole queues."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, cast

from taskhub.engine.port.administration import Administration, QueueUse
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.arguments import wire_key
from taskhub.engine.redis.claims import read_claims, read_keys
from taskhub.engine.redis.rate_limiter import RedisRateLimiter

#: Waiting messages dropped per script call.
PURGE_PAGE = 1000


class RedisAdministration(Administration):
    """Every verb is one script; `purge` calls its own until the queue is empty."""

    rules: EngineRules

    @property
    @abstractmethod
    def rate_limiter(self) -> RedisRateLimiter:
        """Rate limits of tasks."""

    @abstractmethod
    def _run(self, name: str, *arguments: Any) -> Any:
        """Run a script."""

    @abstractmethod
    def _index_outcomes(self) -> None: ...

    def revoke(self, revoker: str, task_ids: Sequence[str], remember: int) -> list[Claim]:
        reply = self._run("revoke", revoker, self.rules.lease, remember, *task_ids)
        return read_claims(reply, 0, None)

    def revoke_stamps(self, stamps: Sequence[tuple[str, str]], remember: int) -> None:
        if stamps:
            self._run("revoke_stamps", remember, *map(json.dumps, stamps))

    def retry_dead_letters(self, keys: Sequence[str]) -> list[str]:
        # Their tasks leave the history, wherever it is.
        self._index_outcomes()
        return read_keys(self._run("retry_dead_letters", "dead", *map(wire_key, keys)))

    def delete_dead_letters(self, keys: Sequence[str]) -> list[str]:
        return read_keys(self._run("delete_dead_letters", *map(wire_key, keys)))

    def purge(self, queue: str, *, delayed: bool = True) -> int:
        dropped, cursor = 0, b"0"
        while cursor:
            count, cursor = self._run("purge", queue, PURGE_PAGE, "1" if delayed else "", cursor)
            dropped += count
        return dropped + self.rate_limiter.purge(queue) if delayed else dropped

    def pause_queue(self, queue: str, by: str = "", reason: str = "") -> bool:
        return bool(self._run("pause_queue", queue, json.dumps([by, reason])))

    def resume_queue(self, queue: str) -> bool:
        return bool(self._run("resume_queue", queue))

    def forget_queue(self, queue: str) -> QueueUse | None:
        use = self._run("forget_queue", queue).decode()
        return cast("QueueUse", use) if use else None
