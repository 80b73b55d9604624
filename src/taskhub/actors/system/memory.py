"""The memory of what operators know."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from taskhub.actors.system.alarms import Known
from taskhub.actors.system.exceptions import MemoryUnavailableError

if TYPE_CHECKING:
    from redis import Redis

__all__ = ("KnownMemory", "MemoryInProcess", "MemoryInRedis")


class KnownMemory(Protocol):
    """Keeps what operators know. One at a time reads, decides and writes."""

    def read(self) -> Known:
        """Return what is kept; of what cannot be read, nothing.

        Raises:
            MemoryUnavailableError: The store is out of reach.
        """
        ...

    def write(self, known: Known) -> None:
        """Replace what is kept, at once.

        Raises:
            MemoryUnavailableError: The store is out of reach.
        """
        ...


class MemoryInProcess:
    """For tests, and where there is no store."""

    def __init__(self) -> None:
        self._known = Known()
        self._lock = threading.Lock()

    def read(self) -> Known:
        with self._lock:
            return self._known

    def write(self, known: Known) -> None:
        with self._lock:
            self._known = known


class MemoryInRedis:
    """In one key of Redis or Valkey, shared by all workers.

    Args:
        client: The connection; its owner closes it.
        key: Where.
    """

    def __init__(self, client: Redis, key: str) -> None:
        self._client = client
        self._key = key

    def read(self) -> Known:
        from redis.exceptions import RedisError

        try:
            text = self._client.get(self._key)
        except (RedisError, OSError) as error:
            raise MemoryUnavailableError(
                f"can't read what operators know of the system ({error})"
            ) from error
        try:
            return Known() if text is None else Known.from_json(text)
        except ValueError:
            # Of another version: they are notified again.
            return Known()

    def write(self, known: Known) -> None:
        from redis.exceptions import RedisError

        try:
            self._client.set(self._key, known.to_json())
        except (RedisError, OSError) as error:
            raise MemoryUnavailableError(
                f"can't note what operators know of the system ({error})"
            ) from error
