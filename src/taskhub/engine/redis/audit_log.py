"""The audit log in the store: a capped list, the latest entry first."""

from __future__ import annotations

import json
from collections.abc import Callable

from taskhub.engine.port.audit_log import MAX_ENTRIES, AuditEntry, AuditLog
from taskhub.engine.redis.connection_pool import ChannelPool


def audit_text(entry: AuditEntry) -> str:
    """Return an entry as the scripts store it behind its time."""
    return json.dumps([entry.who, entry.action, entry.target, entry.affected, entry.details])


class RedisAuditLog(AuditLog):
    """Entries are lines: the time in ms, then JSON.

    Args:
        namespace: Begins all keys.
        channels: Returns the channels of this process.
        now: Returns the present in ms, "" for that of the server's clock.
    """

    def __init__(
        self, namespace: str, channels: Callable[[], ChannelPool], now: Callable[[], str]
    ) -> None:
        self._namespace = namespace
        self._channels = channels
        self._now = now

    def append(self, entry: AuditEntry) -> None:
        arguments = (self._now(), audit_text(entry), MAX_ENTRIES)
        # Not repeated when its reply is lost: an entry that is there twice is wrong.
        self._channels().run("append_audit", self._namespace, arguments, retry=None)

    def entries(self, offset: int, limit: int) -> list[AuditEntry]:
        if limit < 1:
            return []
        command = ("LRANGE", f"{self._namespace}:audit", offset, offset + limit - 1)
        return [_read(line) for line in self._channels().call([command])[0]]

    def count(self) -> int:
        return int(self._channels().call([("LLEN", f"{self._namespace}:audit")])[0])


def _read(line: bytes) -> AuditEntry:
    at, _, text = line.partition(b"\n")
    who, action, target, affected, details = json.loads(text)
    return AuditEntry(who, action, target, affected, details, int(at))
