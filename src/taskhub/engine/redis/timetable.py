"""Periodic jobs in the store: a hash of entries, one of last runs, and the leadership of the schedulers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taskhub.engine.port import RetryPolicy
from taskhub.engine.redis.inspection import milliseconds
from taskhub.engine.redis.pool import STEADY, ChannelPool
from taskhub.engine.timetable import (
    AHEAD,
    MOST_BEHIND,
    NOTES,
    LastRun,
    Leadership,
    StoredEntries,
    Tick,
    TickFate,
    Ticks,
    Timetable,
)


class RedisTimetable(Timetable):
    """Every verb but the looking ones is one script.

    Parameters:
      channels: returns the channels of this process.
      now: returns the present in ms, "" for that of the server's clock.
    """

    def __init__(
        self,
        name: str,
        namespace: str,
        channels: Callable[[], ChannelPool],
        now: Callable[[], str],
    ) -> None:
        super().__init__(name)
        self._namespace = namespace
        self._channels = channels
        self._now = now

    # -- leading

    def lead(self, holder: str, token: int, lease: int) -> Leadership:
        # Whoever leads asks again soon anyway.
        given, leader, now, version = self._run("lead", holder, token, lease, retry=None)
        return Leadership(given, leader.decode(), now, version)

    def resign(self, token: int) -> bool:
        return bool(self._run("resign", token, self.standby_bell))

    def leader(self) -> tuple[str, int] | None:
        key = self._key("leader")
        (holder, until), time = self._channels().call(
            [("HMGET", key, "holder", "until"), ("TIME",)]
        )
        now = int(self._now() or milliseconds(time))
        if holder is None or int(until) <= now:
            return None
        return holder.decode(), int(until) - now

    # -- ticks

    def tick(self, token: int, tick: Tick) -> TickFate:
        messages: list[Any] = []
        for envelope in tick.messages:
            messages += (envelope.record(), envelope.due())
        at = "" if tick.at is None else tick.at
        fate = self._run(
            "tick",
            token,
            tick.entry,
            at,
            tick.overlap,
            MOST_BEHIND,
            tick.task_id,
            AHEAD,
            *messages,
            # A tick is known again by its time; what is out of turn would be sent twice.
            retry=STEADY if tick.at is not None else None,
        )
        found: TickFate = fate.decode()
        return found

    def last_runs(self) -> dict[str, LastRun]:
        waiting = self._key("waiting")
        (texts,) = self._channels().call([("HGETALL", self._key("runs"))])
        runs: list[tuple[str, list[str]]] = [
            (name.decode(), text.decode().split(" ", 4)) for name, text in _pairs(texts)
        ]
        if not runs:
            return {}
        commands: list[tuple[Any, ...]] = []
        for name, (*_, task_id) in runs:
            commands.append(("HEXISTS", f"{self._namespace}:messages", task_id))
            commands.append(("LLEN", f"{waiting}\n{name}"))
        replies = self._channels().call(commands)
        found = {}
        for (name, (tick, at, sent, skipped, task_id)), unfinished, behind in zip(
            runs, replies[::2], replies[1::2], strict=True
        ):
            numbers = (int(tick), task_id, int(at), int(sent), int(skipped))
            found[name] = LastRun(*numbers, bool(unfinished), behind)
        return found

    # -- entries

    def entries(self) -> StoredEntries:
        # The version first: entries that change in between are read again, not missed.
        version, documents = self._channels().call(
            [
                ("GET", self._key("version")),
                ("HGETALL", self._key("entries")),
            ]
        )
        found = {name.decode(): document for name, document in _pairs(documents)}
        return StoredEntries(int(version or 0), found)

    def change(
        self,
        entry: str,
        before: bytes | None,
        after: bytes | None,
        note: bytes,
        *,
        ticks: Ticks = "keep",
    ) -> bool:
        arguments = (before or b"", after or b"", note, NOTES, ticks, self.leader_bell)
        # Not repeated when its reply is lost: the second time the first one would be in the way.
        return bool(self._run("change_entry", entry, *arguments, retry=None))

    def notes(self, offset: int, limit: int) -> list[bytes]:
        key = self._key("notes")
        (found,) = self._channels().call([("LRANGE", key, offset, offset + limit - 1)])
        return list(found)

    def _key(self, kind: str) -> str:
        return f"{self._namespace}:schedule:{kind}:{self.name}"

    def _run(self, script: str, *arguments: Any, retry: RetryPolicy | None = STEADY) -> Any:
        given = (self._now(), self.name, *arguments)
        return self._channels().run(script, self._namespace, given, retry)


def _pairs(reply: Any) -> list[tuple[bytes, bytes]]:
    """Return the fields of a hash; their form depends on the protocol."""
    if isinstance(reply, dict):
        return list(reply.items())
    return list(zip(reply[::2], reply[1::2], strict=True))
