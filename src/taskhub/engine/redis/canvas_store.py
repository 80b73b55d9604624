"""Chords and the stored links of chains."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from taskhub.engine.port.canvas_store import CanvasStore
from taskhub.engine.redis.claims import read_keys
from taskhub.engine.redis.connection_pool import ChannelPool

#: Parts of a chord that are read with one command.
PARTS_PAGE = 10_000


class RedisCanvasStore(CanvasStore):
    """Chords are hashes, links of chains are lists."""

    _namespace: str

    @abstractmethod
    def _channels(self) -> ChannelPool:
        """Return the channels of this process."""

    @abstractmethod
    def _run(self, name: str, *arguments: Any) -> Any:
        """Run a script."""

    def fail_chord(self, chord_id: str, failure: str) -> bool:
        return bool(self._run("fail_chords", chord_id, failure))

    def reap_chords(self) -> list[str]:
        return read_keys(self._run("fail_chords", "", ""))

    def chord_parts(self, chord_id: str) -> list[bytes] | None:
        pool, chord = self._channels(), f"{self._namespace}:chord:{chord_id}"
        size, done, extra = pool.call([("HMGET", chord, "size", "done", "extra")])[0]
        if size is None or int(done) < int(size):
            return None
        added = int(extra or 0)
        names = [f"part:{index}" for index in range(int(size) - added)]
        names += [f"part:x{number}" for number in range(1, added + 1)]
        # One command takes a million arguments at most.
        commands = [
            ("HMGET", chord, *names[first : first + PARTS_PAGE])
            for first in range(0, len(names), PARTS_PAGE)
        ]
        return [part for page in pool.call(commands) for part in page] if commands else []

    def chain_links(self, chain_id: str, start: int, count: int) -> list[bytes]:
        name, stop = f"{self._namespace}:chain:{chain_id}", start + count - 1
        return list(self._channels().call([("LRANGE", name, start, stop)])[0])
