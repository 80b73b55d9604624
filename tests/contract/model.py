"""What an engine holds, as the port shows it; and what must always hold of it.

Only verbs of the port are used, so that any two engines can be compared.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import (
    DeadLetter,
    Delayed,
    PausedQueue,
    QueueCounts,
    RateLimited,
)
from taskhub.engine.port.rate_limiter import BucketState
from taskhub.message import Envelope

# Few of each, so that random operations meet.
QUEUES = ("a", "b")
WORKERS = ("w1", "w2", "revoker")
TASK_IDS = ("t1", "t2", "t3")
#: Names of limited tasks.
TASKS = ("slow", "fast")
CHAIN_IDS = ("c1", "c2")
#: More than there ever is of anything.
ALL = 1000


class Contents(NamedTuple):
    """Everything that an engine stores."""

    counts: dict[str, QueueCounts]
    paused: dict[str, PausedQueue]
    #: By queue, in the order in which they are claimed.
    ready: dict[str, list[Envelope]]
    delayed: list[Delayed]
    #: Keys by worker, and their messages.
    claims: dict[str, list[tuple[str, Envelope]]]
    #: How many messages of each queue have not ended.
    unfinished: dict[str, int]
    #: Milliseconds left of leases.
    workers: dict[str, int]
    revoked: list[str]
    dead: list[DeadLetter]
    documents: dict[str, dict[str, Any] | None]
    #: How many messages wait for permits, by task; and these.
    waiting: dict[str, int]
    rate_limited: list[RateLimited]
    buckets: list[BucketState | None]
    #: The stored links of chains.
    chains: dict[str, list[bytes]]
    locks: dict[str, str]


def contents_of(engine: Engine) -> Contents:
    """Read everything that an engine stores."""
    return Contents(
        counts=engine.queues(),
        paused=engine.paused_queues(),
        ready={queue: engine.waiting(queue, 0, ALL) for queue in QUEUES},
        delayed=engine.delayed(0, ALL),
        claims={worker: _claims(engine, worker) for worker in WORKERS},
        unfinished={queue: engine.unfinished(queue) for queue in QUEUES},
        workers=engine.workers(),
        revoked=engine.revoked(0, ALL),
        dead=engine.dead_letters(0, ALL),
        documents=_readable(engine.documents(TASK_IDS)),
        waiting=engine.rate_limiter.waiting(),
        rate_limited=engine.rate_limited(0, ALL),
        buckets=engine.rate_limiter.bucket_states(TASKS),
        chains={name: engine.chain_links(name, 0, ALL) for name in CHAIN_IDS},
        locks=engine.locks.held(),
    )


def _claims(engine: Engine, worker: str) -> list[tuple[str, Envelope]]:
    keys = sorted(engine.held(worker))
    return list(zip(keys, engine.claimed(worker, 0, ALL), strict=True))


def check(contents: Contents) -> None:
    """Check what must hold after every step."""
    claimed = [envelope for claims in contents.claims.values() for _, envelope in claims]
    for queue in QUEUES:
        ready = contents.ready[queue]
        counted = contents.counts.get(queue, QueueCounts(0, 0))
        assert len(ready) == counted.ready
        assert all(envelope.queue == queue for envelope in ready)
        priorities = [envelope.priority for envelope in ready]
        assert priorities == sorted(priorities, reverse=True), "by priority"
        held = sum(envelope.queue == queue for envelope in claimed)
        assert contents.unfinished[queue] == counted.total + held, (
            "every message is in exactly one place"
        )
        limited = [one for one in contents.rate_limited if one.envelope.queue == queue]
        assert len(limited) == counted.rate_limited
        assert sum(one.envelope.queue == queue for one in contents.delayed) == counted.delayed
    assert Counter(one.task for one in contents.rate_limited) == contents.waiting
    holders = {worker for worker, claims in contents.claims.items() if claims}
    assert holders <= contents.workers.keys(), "whoever holds claims has a lease"


def _readable(documents: list[bytes | None]) -> dict[str, dict[str, Any] | None]:
    """Return documents by id, without the time that each engine took by itself."""
    found: dict[str, dict[str, Any] | None] = {}
    for task_id, text in zip(TASK_IDS, documents, strict=True):
        found[task_id] = None
        if text is not None:
            found[task_id] = {**json.loads(text), "date_done": None}
    return found
