"""What the contract tests play with: a clock to move, messages, endings, engines of every kind."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from taskhub.config.urls import StoreURL, parse_store_url
from taskhub.engine.memory import MemoryEngine
from taskhub.engine.port import Claim, Ending, Engine
from taskhub.engine.redis.engine import RedisEngine
from taskhub.engine.rules import EngineRules
from taskhub.message import DEFAULT_PRIORITY, Envelope
from taskhub.outcome import Outcome
from tests.support.servers import Server, available_servers, start_server

#: A lease long enough to be renewed in time by everybody.
LEASE: Final = 10_000

#: Engines that the contract is run against: the memory, every server, and every place for results.
KINDS: Final = ("memory", *available_servers(), "valkey-two-dbs", "valkey-two-servers")


class Clock:
    """The present in ms, which only the test moves."""

    def __init__(self) -> None:
        self.now = int(time.time() * 1000)

    def __call__(self) -> int:
        return self.now

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now += milliseconds


class Servers:
    """Servers that are started when first asked for, and emptied for each engine."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running: dict[str, Server] = {}

    def url(self, name: str, program: str | None = None) -> StoreURL:
        """Return where the server of this name is; `program` tells which it is, if not the name."""
        if name not in self._running:
            arguments = ("--appendonly", "no")
            self._running[name] = start_server(program or name, self._directory, args=arguments)
        return parse_store_url(self._running[name].socket_url)

    def close(self) -> None:
        """End them all."""
        for server in self._running.values():
            server.kill()


def open_engine(kind: str, servers: Servers, clock: Clock, rules: EngineRules) -> Engine:
    """Return an engine of one of `KINDS` that holds nothing."""
    if kind == "memory":
        return MemoryEngine(rules, clock=clock)
    broker = servers.url(kind.partition("-")[0])
    results = None
    if kind.endswith("two-dbs"):
        broker, results = broker.with_db(0), broker.with_db(1)
    elif kind.endswith("two-servers"):
        results = servers.url("results", "valkey")
    engine = RedisEngine(broker, results, rules=rules, clock=clock)
    for url in {broker, results or broker}:
        flush(url)
    return engine


def flush(url: StoreURL) -> None:
    """Empty a server."""
    import redis

    with redis.Redis(unix_socket_path=url.path) as client:
        client.flushall()


def message(
    task_id: str,
    queue: str = "default",
    *,
    priority: int = DEFAULT_PRIORITY,
    body: bytes | None = None,
    delay: int = 0,
    eta: int | None = None,
) -> Envelope:
    """Return a message whose body tells its id."""
    content = f'{{"actor_name": "{task_id}"}}'.encode() if body is None else body
    return Envelope(task_id, queue, priority, content, delay, eta)


def document(task_id: str, state: str) -> str:
    """Return a result document."""
    return json.dumps({"status": state, "result": None, "task_id": task_id})


def outcome(
    task_id: str,
    state: str = "SUCCESS",
    *,
    publish: Iterable[Envelope] = (),
    dead: str | None = None,
    ttl: int | None = None,
) -> Outcome:
    """Return the ending of a task with its document."""
    return Outcome(task_id, state, document(task_id, state), ttl, tuple(publish), dead)


def ending(
    claim: Claim,
    state: str = "SUCCESS",
    *,
    publish: Iterable[Envelope] = (),
    dead: str | None = None,
) -> Ending:
    """Return the ending of a claimed task."""
    return Ending(claim, outcome(claim.task_id, state, publish=publish, dead=dead))


def ids(items: Iterable[Claim | Envelope]) -> list[str]:
    """Return the task ids."""
    return [item.task_id for item in items]


def claim_all(engine: Engine, worker: str = "w1", *queues: str) -> list[Claim]:
    """Claim whatever there is."""
    return engine.claim(worker, queues or ("default",), 1000).claims


def claim_one(engine: Engine, worker: str = "w1", queue: str = "default") -> Claim:
    """Claim the next message, which must be there."""
    (claim,) = engine.claim(worker, [queue], 1).claims
    return claim


def state_of(engine: Engine, task_id: str) -> str | None:
    """Return the state that the stored document names; None: there is no document."""
    (stored,) = engine.documents([task_id])
    return None if stored is None else str(json.loads(stored)["status"])


def is_empty(engine: Engine, *workers: str) -> bool:
    """Whether no message is stored anywhere that can be seen."""
    counts = engine.queues().values()
    return not any(
        (
            any(count.ready or count.delayed for count in counts),
            engine.delayed(0, 10),
            *(engine.held(worker) for worker in workers),
        )
    )


def rings(engine: Engine, queue: str = "default") -> bool:
    """Whether a bell holds its token; takes it. Looks into the store: a wait would take time."""
    if isinstance(engine, MemoryEngine):
        held = queue in engine._state.bells
        engine._state.bells.discard(queue)
        return held
    assert isinstance(engine, RedisEngine)
    key = f"{{{engine.rules.namespace}}}:bell:{queue}"
    held = engine._pool.call([("LPOP", key)])[0] is not None
    assert engine._pool.call([("LLEN", key)]) == [0], "a bell holds at most one token"
    return held
