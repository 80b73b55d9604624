"""What two engines hold, side by side, in one form; and what must always hold of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple

from taskhub.engine.memory import MemoryEngine
from taskhub.engine.memory_throttle import Bucket
from taskhub.engine.redis.engine import RedisEngine

# Few of each, so that random operations meet.
QUEUES = ("a", "b")
WORKERS = ("w1", "w2", "revoker")
TASK_IDS = ("t1", "t2", "t3")
#: Names of limited tasks.
TASKS = ("slow", "fast")
CHAIN_IDS = ("c1", "c2")


class Contents(NamedTuple):
    """Everything that an engine stores."""

    #: Key -> record.
    messages: dict[str, bytes]
    ready: dict[str, list[tuple[str, int]]]
    delayed: list[tuple[str, int]]
    claims: dict[str, dict[str, str]]
    deliveries: dict[str, int]
    workers: dict[str, int]
    revoked: dict[str, int]
    dead: dict[str, tuple[str, bytes, int]]
    bells: set[str]
    documents: dict[str, dict[str, Any] | None]
    #: Those that wait for their turns: key and place, by task.
    throttled: dict[str, list[tuple[str, int]]]
    #: Of limited tasks: when the bucket is full again, and the next turn.
    buckets: dict[str, tuple[int, int | None]]
    #: The stored links of chains.
    chains: dict[str, list[bytes]]
    sequence: int


def contents_of_memory(engine: MemoryEngine, now: int) -> Contents:
    """Read the in-memory engine."""
    state = engine._state
    return Contents(
        messages={key: envelope.record() for key, envelope in state.messages.items()},
        ready={queue: [(key, score) for score, key in state.ready[queue]] for queue in QUEUES},
        delayed=[(f"{queue}\n{rank}\n{key}", due) for due, queue, rank, key in state.delayed],
        claims={worker: dict(state.claims[worker]) for worker in WORKERS},
        deliveries=dict(state.deliveries),
        workers=dict(state.workers),
        revoked={task_id: until for task_id, until in state.revoked.items() if until > now},
        dead={
            key: (letter.reason, letter.envelope.record() if letter.envelope else b"", expires)
            for key, letter in state.dead.items()
            for expires in [letter.expires]
        },
        bells=set(state.bells),
        documents=_readable(engine.documents(TASK_IDS)),
        throttled={
            task: [(key, score) for score, key in bucket.places]
            for task, bucket in _memory_buckets(engine)
        },
        buckets={task: (bucket.full, bucket.turn) for task, bucket in _memory_buckets(engine)},
        chains={name: list(state.chains.get(name, ())) for name in CHAIN_IDS},
        sequence=state.sequence,
    )


def _memory_buckets(engine: MemoryEngine) -> list[tuple[str, Bucket]]:
    return [(task, engine.throttle.buckets.get(task) or Bucket()) for task in TASKS]


def contents_of_redis(engine: RedisEngine, now: int) -> Contents:
    """Read the store of a Redis engine in one round trip, by the names of the data model."""
    ns = f"{{{engine.rules.namespace}}}"
    replies = iter(
        engine._pool.call(
            [
                ("HGETALL", f"{ns}:messages"),
                *(("ZRANGE", f"{ns}:queue:{queue}", 0, -1, "WITHSCORES") for queue in QUEUES),
                ("ZRANGE", f"{ns}:delayed", 0, -1, "WITHSCORES"),
                *(("HGETALL", f"{ns}:claims:{worker}") for worker in WORKERS),
                ("HGETALL", f"{ns}:deliveries"),
                ("ZRANGE", f"{ns}:workers", 0, -1, "WITHSCORES"),
                ("ZRANGE", f"{ns}:revoked", 0, -1, "WITHSCORES"),
                ("ZRANGE", f"{ns}:dead", 0, -1, "WITHSCORES"),
                ("HGETALL", f"{ns}:dead:messages"),
                *(("LRANGE", f"{ns}:bell:{queue}", 0, -1) for queue in QUEUES),
                ("MGET", *(f"celery-task-meta-{task_id}" for task_id in TASK_IDS)),
                *(("ZRANGE", f"{ns}:throttled:{task}", 0, -1, "WITHSCORES") for task in TASKS),
                *(("HGET", f"{ns}:bucket:{task}", "full") for task in TASKS),
                ("ZRANGE", f"{ns}:turns", 0, -1, "WITHSCORES"),
                ("HGETALL", f"{ns}:throttled"),
                *(("LRANGE", f"{ns}:chain:{name}", 0, -1) for name in CHAIN_IDS),
                ("GET", f"{ns}:sequence"),
            ]
        )
    )
    messages = dict(_pairs(next(replies)))
    ready = {queue: _scores(next(replies)) for queue in QUEUES}
    delayed = _scores(next(replies))
    claims = {
        worker: {key: token.decode() for key, token in _pairs(next(replies))} for worker in WORKERS
    }
    deliveries = {key: int(count) for key, count in _pairs(next(replies))}
    workers, revoked = dict(_scores(next(replies))), dict(_scores(next(replies)))
    expiries, letters = dict(_scores(next(replies))), dict(_pairs(next(replies)))
    assert expiries.keys() == letters.keys()
    bells = {queue: next(replies) for queue in QUEUES}
    assert all(len(tokens) <= 1 for tokens in bells.values()), "a bell holds at most one token"
    documents = _readable(next(replies))
    throttled = {task: _scores(next(replies)) for task in TASKS}
    full = {task: int(next(replies) or 0) for task in TASKS}
    turns, places = dict(_scores(next(replies))), dict(_pairs(next(replies)))
    assert places == {
        key: messages[key].partition(b"\n")[0] + b"\n" + task.encode()
        for task, entries in throttled.items()
        for key, _ in entries
    }, "it is known where each of those is that wait for their turns"
    return Contents(
        messages=messages,
        ready=ready,
        delayed=delayed,
        claims=claims,
        deliveries=deliveries,
        workers=workers,
        revoked={task_id: until for task_id, until in revoked.items() if until > now},
        dead={
            key: (reason.decode(), record, expiries[key])
            for key, text in letters.items()
            for reason, _, record in [text.partition(b"\n")]
        },
        bells={queue for queue, tokens in bells.items() if tokens},
        documents=documents,
        throttled=throttled,
        buckets={task: (full[task], turns.get(task)) for task in TASKS},
        chains={name: next(replies) for name in CHAIN_IDS},
        sequence=int(next(replies) or 0),
    )


def check(contents: Contents) -> None:
    """Check what must hold after every step."""
    places = Counter(
        [
            *(key for entries in contents.ready.values() for key, _ in entries),
            *(member.split("\n", 2)[2] for member, _ in contents.delayed),
            *(key for claims in contents.claims.values() for key in claims),
            *(key for entries in contents.throttled.values() for key, _ in entries),
        ]
    )
    assert places == Counter(contents.messages.keys()), "every message is in exactly one place"
    assert contents.deliveries.keys() <= contents.messages.keys(), "deliveries end with a message"
    for task, (_, turn) in contents.buckets.items():
        assert (turn is not None) or not contents.throttled[task], "who waits gets a turn"
    holders = {worker for worker, claims in contents.claims.items() if claims}
    assert holders <= contents.workers.keys(), "whoever holds claims has a lease"
    for queue, entries in contents.ready.items():
        for key, _ in entries:
            assert contents.messages[key].startswith(f"{queue}\n".encode())


def _pairs(reply: list[bytes]) -> list[tuple[str, bytes]]:
    return [(key.decode(), value) for key, value in zip(reply[::2], reply[1::2], strict=True)]


def _scores(reply: list[bytes]) -> list[tuple[str, int]]:
    return [(key, int(float(score))) for key, score in _pairs(reply)]


def _readable(documents: list[bytes | None]) -> dict[str, dict[str, Any] | None]:
    """Return documents by id, without the time that each engine took by itself."""
    found: dict[str, dict[str, Any] | None] = {}
    for task_id, text in zip(TASK_IDS, documents, strict=True):
        found[task_id] = None
        if text is not None:
            found[task_id] = {**json.loads(text), "date_done": None}
    return found
