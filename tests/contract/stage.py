"""What the contract tests play with: a clock to move, messages, completions, engines of every kind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from taskhub.config.urls import StoreURL, parse_store_url
from taskhub.engine.factory import make_engine
from taskhub.engine.port.claims import Claim, Completion
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.notifier import Topic
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.stores import EngineStores
from taskhub.message import DEFAULT_PRIORITY, Envelope
from taskhub.outcome import Outcome
from tests.support.postgres import Database
from tests.support.servers import Server, available_servers, start_server

#: A lease long enough to be renewed in time by everybody.
LEASE: Final = 10_000


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
    """Servers that are started when first asked for, and emptied after each test."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running: dict[str, Server] = {}
        self._database: Database | None = None

    @property
    def database(self) -> Database:
        """A database of PostgreSQL; skips the test when there is no server."""
        self._database = self._database or Database("taskhub_contract")
        return self._database

    def url(self, name: str, program: str | None = None) -> StoreURL:
        """Return where the server of this name is; `program` tells which it is, if not the name."""
        if name not in self._running:
            arguments = ("--appendonly", "no")
            self._running[name] = start_server(program or name, self._directory, args=arguments)
        return parse_store_url(self._running[name].socket_url)

    def flush(self) -> None:
        """Empty them all."""
        for server in self._running.values():
            server.flush()
        if self._database is not None:
            self._database.flush()

    def close(self) -> None:
        """End them all."""
        for server in self._running.values():
            server.kill()
        if self._database is not None:
            self._database.drop()


#: Makes an engine on servers that hold nothing.
MakeEngine = Callable[[Servers, Clock, EngineRules], Engine]


def make_memory(servers: Servers, clock: Clock, rules: EngineRules) -> Engine:
    """Make the engine in this process."""
    here = parse_store_url("memory://")
    return make_engine(EngineStores(broker=here, results=here, rules=rules), clock=clock)


def make_on_server(program: str, where: str = "") -> MakeEngine:
    """Return what makes an engine on a server.

    Args:
        program: Which server.
        where: "two-dbs", "two-servers": where results are; "": with the messages.
    """

    def make(servers: Servers, clock: Clock, rules: EngineRules) -> Engine:
        broker = results = servers.url(program)
        if where == "two-dbs":
            broker, results = broker.with_db(0), broker.with_db(1)
        elif where == "two-servers":
            results = servers.url("results", program)
        stores = EngineStores(broker=broker, results=results, rules=rules)
        return make_engine(stores, clock=clock)

    return make


def make_postgres(servers: Servers, clock: Clock, rules: EngineRules) -> Engine:
    """Make the engine on PostgreSQL; its one schema is emptied after each test."""
    url = servers.database.url
    rules = replace(rules, namespace="taskhub")
    return make_engine(EngineStores(broker=url, results=url, rules=rules), clock=clock)


#: Engines that the contract is run against: the memory, every server, and every place for results.
#: A new engine is one line here.
ENGINES: Final[dict[str, MakeEngine]] = {
    "memory": make_memory,
    **{program: make_on_server(program) for program in available_servers()},
    "valkey-two-dbs": make_on_server("valkey", "two-dbs"),
    "valkey-two-servers": make_on_server("valkey", "two-servers"),
    "postgres": make_postgres,
}
#: Those that need a server that has to be there already.
MARKS: Final = {"postgres": pytest.mark.postgres}
#: Engines as parameters of tests.
PARAMETERS: Final = [pytest.param(name, marks=MARKS.get(name, ())) for name in ENGINES]
#: Those that the state machine compares with the memory: one of each implementation.
COMPARED: Final = [pytest.param(name, marks=MARKS.get(name, ())) for name in ("valkey", "postgres")]


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
    """Return the completion of a task with its document."""
    return Outcome(task_id, state, document(task_id, state), ttl, tuple(publish), dead)


def completion(
    claim: Claim,
    state: str = "SUCCESS",
    *,
    publish: Iterable[Envelope] = (),
    dead: str | None = None,
) -> Completion:
    """Return the completion of a claimed task."""
    return Completion(claim, outcome(claim.task_id, state, publish=publish, dead=dead))


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
            any(count.total for count in counts),
            engine.delayed(0, 10),
            *(engine.held(worker) for worker in workers),
        )
    )


def is_notified(engine: Engine, topic: Topic = "default") -> bool:
    """Take a notification for idle workers; return whether there was one."""
    with closing(engine.notifier([topic])) as notifier:
        found = notifier.poll()
        assert not notifier.poll(), "one notification at most waits for each topic"
    return found
