"""Periodic jobs in the store: entries, last runs, histories, the leadership of the schedulers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from taskhub.engine.port.audit_log import MAX_ENTRIES, AuditEntry
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.port.schedule_store import (
    AHEAD,
    HISTORY,
    MAX_QUEUED,
    Fire,
    FireHistory,
    FireResult,
    LastRun,
    Leadership,
    PeriodicRun,
    RunOutcome,
    ScheduleStore,
    StoredEntries,
)
from taskhub.engine.redis.audit_log import audit_text
from taskhub.engine.redis.connection_pool import STEADY, ChannelPool
from taskhub.engine.redis.inspection import milliseconds
from taskhub.engine.redis.notifier import topic_name


class RedisScheduleStore(ScheduleStore):
    """Every verb but the inspection ones is one script.

    Args:
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
        # The leader calls again soon anyway.
        given, leader, now, version = self._run("lead", holder, token, lease, retry=None)
        return Leadership(given, leader.decode(), now, version)

    def resign(self, token: int) -> bool:
        return bool(self._run("resign", token, topic_name(self.standby_topic)))

    def leader(self) -> tuple[str, int] | None:
        key = self._key("leader")
        (holder, until), time = self._channels().call(
            [("HMGET", key, "holder", "until"), ("TIME",)]
        )
        now = int(self._now() or milliseconds(time))
        if holder is None or int(until) <= now:
            return None
        return holder.decode(), int(until) - now

    # -- fire times

    def fire(self, token: int, fire: Fire) -> FireResult:
        messages: list[Any] = []
        for envelope in fire.messages:
            messages += (envelope.record(), envelope.due())
        at = "" if fire.at is None else fire.at
        fire_result = self._run(
            "fire",
            token,
            fire.entry,
            at,
            fire.overlap,
            MAX_QUEUED,
            fire.task_id,
            AHEAD,
            *messages,
            # A fire time is known again by its time; what is out of turn would be sent twice.
            retry=STEADY if fire.at is not None else None,
        )
        found: FireResult = fire_result.decode()
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
        for (name, (fire, at, sent, skipped, task_id)), unfinished, queued in zip(
            runs, replies[::2], replies[1::2], strict=True
        ):
            numbers = (int(fire), task_id, int(at), int(sent), int(skipped))
            found[name] = LastRun(*numbers, bool(unfinished), queued)
        return found

    def run_history(self, entry: str) -> list[PeriodicRun]:
        (found,) = self._channels().call(
            [("LRANGE", f"{self._key('history')}\n{entry}", 0, HISTORY - 1)]
        )
        return [_read_run(json.loads(text)) for text in found]

    def record_outcome(self, entry: str, task_id: str, outcome: RunOutcome) -> bool:
        return bool(self._run("record_outcome", entry, task_id, json.dumps(outcome)))

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
        audit: AuditEntry,
        *,
        fires: FireHistory = "keep",
    ) -> bool:
        arguments = (
            before or b"",
            after or b"",
            audit_text(audit),
            MAX_ENTRIES,
            fires,
            topic_name(self.leader_topic),
        )
        # Not repeated when its reply is lost: the second time the first one would be in the way.
        return bool(self._run("change_entry", entry, *arguments, retry=None))

    def _key(self, kind: str) -> str:
        return f"{self._namespace}:schedule:{kind}:{self.name}"

    def _run(self, script: str, *arguments: Any, retry: RetryPolicy | None = STEADY) -> Any:
        given = (self._now(), self.name, *arguments)
        return self._channels().run(script, self._namespace, given, retry)


def _read_run(fields: dict[str, Any]) -> PeriodicRun:
    fire, outcome = fields["fire"], fields.get("outcome")
    # A later version may have more to say of it.
    known = None if outcome is None else json.loads(outcome)[: len(RunOutcome._fields)]
    return PeriodicRun(
        int(fire) if fire else None,
        fields["result"],
        int(fields["at"]),
        fields["task_id"],
        None if known is None else RunOutcome(*known),
    )


def _pairs(reply: Any) -> list[tuple[bytes, bytes]]:
    """Return the fields of a hash; their form depends on the protocol."""
    if isinstance(reply, dict):
        return list(reply.items())
    return list(zip(reply[::2], reply[1::2], strict=True))
