"""Locks in the store: a hash of names and the tasks that hold them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taskhub.engine.port.locks import Locks
from taskhub.engine.redis.connection_pool import ChannelPool


class RedisLocks(Locks):
    """Both changing verbs are scripts, harmless when sent twice.

    Args:
        channels: returns the channels of this process.
        now: returns the present in ms, "" for that of the server's clock.
    """

    def __init__(
        self, namespace: str, channels: Callable[[], ChannelPool], now: Callable[[], str]
    ) -> None:
        self._namespace = namespace
        self._channels = channels
        self._now = now

    def acquire_lock(self, name: str, task_id: str) -> str:
        holder: bytes = self._run("acquire_lock", name, task_id)
        return holder.decode()

    def release_lock(self, name: str, task_id: str) -> bool:
        return bool(self._run("release_lock", name, task_id))

    def held(self) -> dict[str, str]:
        channels = self._channels()
        (found,) = channels.call([("HGETALL", f"{self._namespace}:locks")])
        names, holders = found[::2], found[1::2]
        if not names:
            return {}
        stored = channels.call(
            [("HEXISTS", f"{self._namespace}:messages", holder) for holder in holders]
        )
        return {
            name.decode(): holder.decode()
            for name, holder, there in zip(names, holders, stored, strict=True)
            if there
        }

    def _run(self, script: str, *arguments: Any) -> Any:
        return self._channels().run(script, self._namespace, (self._now(), *arguments))
