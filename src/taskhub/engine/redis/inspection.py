"""What can be seen of the store without changing it."""

from __future__ import annotations

from typing import Any

from taskhub.engine.port import DeadLetter, Delayed, QueueCounts
from taskhub.engine.redis.pool import ChannelPool
from taskhub.message import Envelope, envelope_from_record

#: Delayed messages counted per call.
SCAN_PAGE = 1000


def queues(pool: ChannelPool, namespace: str) -> dict[str, QueueCounts]:
    """Return what each queue holds; counting the delayed takes time in proportion to their number."""
    names = sorted(name.decode() for name in pool.call([("SMEMBERS", f"{namespace}:queues")])[0])
    if not names:
        return {}
    ready = pool.call([("ZCARD", f"{namespace}:queue:{name}") for name in names])
    delayed = dict.fromkeys(names, 0)
    cursor = b"0"
    while True:
        cursor, members = pool.call(
            [("ZSCAN", f"{namespace}:delayed", cursor, "COUNT", SCAN_PAGE)]
        )[0]
        for member in members[::2]:
            name = member.partition(b"\n")[0].decode()
            delayed[name] = delayed.get(name, 0) + 1
        if cursor == b"0":
            break
    return {
        name: QueueCounts(count, delayed[name]) for name, count in zip(names, ready, strict=True)
    }


def _records(pool: ChannelPool, namespace: str, keys: list[bytes]) -> list[bytes | None]:
    if not keys:
        return []
    found: list[bytes | None] = pool.call([("HMGET", f"{namespace}:messages", *keys)])[0]
    return found


def waiting(
    pool: ChannelPool, namespace: str, queue: str, offset: int, limit: int
) -> list[Envelope]:
    """Return a page of a queue's ready messages."""
    if limit < 1:
        return []
    keys = pool.call([("ZRANGE", f"{namespace}:queue:{queue}", offset, offset + limit - 1)])[0]
    # A message may be taken between the two reads: it is then no longer waiting.
    return [
        envelope_from_record(record)
        for record in _records(pool, namespace, keys)
        if record is not None
    ]


def delayed(pool: ChannelPool, namespace: str, offset: int, limit: int) -> list[Delayed]:
    """Return a page of the delayed messages."""
    if limit < 1:
        return []
    reply = pool.call(
        [("ZRANGE", f"{namespace}:delayed", offset, offset + limit - 1, "WITHSCORES")]
    )[0]
    members = [member.split(b"\n", 2)[2] for member in reply[::2]]
    records = _records(pool, namespace, members)
    return [
        Delayed(int(float(score)), envelope_from_record(record))
        for score, record in zip(reply[1::2], records, strict=True)
        if record is not None
    ]


def dead_letters(pool: ChannelPool, namespace: str, offset: int, limit: int) -> list[DeadLetter]:
    """Return a page of the dead letters."""
    if limit < 1:
        return []
    reply = pool.call([("ZRANGE", f"{namespace}:dead", offset, offset + limit - 1, "WITHSCORES")])[
        0
    ]
    if not reply:
        return []
    stored = pool.call([("HMGET", f"{namespace}:dead:messages", *reply[::2])])[0]
    letters = []
    for key, expires, text in zip(reply[::2], reply[1::2], stored, strict=True):
        if text is not None:
            reason, _, record = text.partition(b"\n")
            envelope = envelope_from_record(record) if record else None
            letters.append(DeadLetter(key.decode(), reason.decode(), envelope, int(float(expires))))
    return letters


def workers(pool: ChannelPool, namespace: str, now: str) -> dict[str, int]:
    """Return the milliseconds left of each worker's lease."""
    reply, time = pool.call([("ZRANGE", f"{namespace}:workers", 0, -1, "WITHSCORES"), ("TIME",)])
    present = int(now) if now else int(time[0]) * 1000 + int(time[1]) // 1000
    return {
        worker.decode(): int(float(deadline)) - present
        for worker, deadline in zip(reply[::2], reply[1::2], strict=True)
    }


def held(pool: ChannelPool, namespace: str, worker: str) -> dict[str, str]:
    """Return a worker's claims."""
    reply: list[Any] = pool.call([("HGETALL", f"{namespace}:claims:{worker}")])[0]
    return {
        key.decode(): token.decode() for key, token in zip(reply[::2], reply[1::2], strict=True)
    }


def server_name(pool: ChannelPool) -> str:
    """Return the server's name and version."""
    text: bytes = pool.call([("INFO", "server")])[0]
    fields = dict(line.split(":", 1) for line in text.decode().splitlines() if ":" in line)
    if "valkey_version" in fields:
        return f"Valkey {fields['valkey_version']}"
    return f"Redis {fields.get('redis_version', '(unknown version)')}"


def chord_parts(pool: ChannelPool, namespace: str, chord_id: str) -> list[bytes] | None:
    """Return the parts of a complete chord, in order."""
    chord = f"{namespace}:chord:{chord_id}"
    size, done = pool.call([("HMGET", chord, "size", "done")])[0]
    if size is None or int(done) < int(size):
        return None
    names = [f"part:{index}" for index in range(int(size))]
    return list(pool.call([("HMGET", chord, *names)])[0]) if names else []
