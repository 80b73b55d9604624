"""What is kept of a job between its runs: how far it is, and whether it is to stop.

It is kept beside the messages, where every worker reaches it, under the app's own prefix. A job
whose work is in a database keeps it there, in the transaction that writes the work.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from taskhub import Celery
from taskhub.stores import open_client

if TYPE_CHECKING:
    from redis import Redis

#: How long a job that was given up is remembered, seconds.
KEPT = 7 * 24 * 3600


class Jobs:
    """Positions and requests to stop, by the name of the job."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def position(self, job: str) -> int:
        """Return how many items are done."""
        return int(self._redis.hget(self._key(job), "position") or 0)

    def save(self, job: str, position: int) -> bool:
        """Save how many items are done; returns whether the job is to stop. One round trip."""
        key = self._key(job)
        with self._redis.pipeline() as steps:
            steps.hset(key, "position", position)
            steps.hexists(key, "stop")
            steps.expire(key, KEPT)
            _, is_to_stop, _ = steps.execute()
        return bool(is_to_stop)

    def request_stop(self, job: str) -> None:
        """Let the run of a job end at its next check."""
        self._redis.hset(self._key(job), "stop", "1")

    def prepare(self, job: str, total: int) -> None:
        """Let a job be started: one that was stopped goes on, one that is done begins again."""
        if self.position(job) >= total:
            self._redis.delete(self._key(job))
        self._redis.hdel(self._key(job), "stop")

    def _key(self, job: str) -> str:
        return f"{self._app.store.key_prefix}:jobs:{job}"

    @cached_property
    def _redis(self) -> Redis:
        url = self._app.store.url
        if url is None:
            raise RuntimeError("jobs are kept in a server, and memory:// is none")
        return open_client(url)
