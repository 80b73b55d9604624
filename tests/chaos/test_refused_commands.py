"""Everything or nothing: each command of each script is refused in turn, by its number, its kind and its keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.engine import RedisEngine
from taskhub.engine.redis.scripts import SCRIPTS
from tests.chaos.examination import Examination
from tests.chaos.scenarios.catalogue import SCENARIOS
from tests.contract.stage import ENGINES, Clock, Servers
from tests.support.refusals import installed
from tests.support.servers import available_servers

#: Two dbs of one server: the script changes dbs in the middle. Before 7.0 errors have another form.
KINDS = ("valkey", "valkey-two-dbs", *(("redis62",) if "redis62" in available_servers() else ()))
WITH_RESULTS = ("commits: ", "workers: state", "workers: end and claim")
CASES = [
    (kind, name)
    for kind in KINDS
    for name in SCENARIOS
    if kind != "valkey-two-dbs" or name.startswith(WITH_RESULTS)
]


@pytest.fixture
def examination(kind: str, name: str, servers: Servers) -> Iterator[Examination]:
    import redis

    clock = Clock()
    with installed():
        engine = ENGINES[kind](servers, clock, EngineRules(max_deliveries=3))
        assert isinstance(engine, RedisEngine)
        path = engine.stores.broker.path
        clients: dict[int, Any] = {
            db: redis.Redis(unix_socket_path=path, db=db)
            for db in {engine.stores.broker.db, engine.stores.results.db}
        }
        yield Examination(SCENARIOS[name], engine, clock, clients)
        engine.close()
        for client in clients.values():
            client.flushdb()
            client.close()


@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{k}: {n}" for k, n in CASES])
def test_a_call_is_all_or_nothing(examination: Examination) -> None:
    problems = []
    for refusal in (*examination.each_command_once(), *examination.each_kind_always()):
        problems += examination.refused(refusal)
    assert problems == []


def test_every_script_has_a_scenario(servers: Servers) -> None:
    used = set()
    clock = Clock()
    import redis

    with installed():
        engine = ENGINES["valkey"](servers, clock, EngineRules(max_deliveries=3))
        assert isinstance(engine, RedisEngine)
        clients = {0: redis.Redis(unix_socket_path=engine.stores.broker.path)}
        for scenario in SCENARIOS.values():
            used |= {call.script for call in Examination(scenario, engine, clock, clients).calls}
        engine.close()
        clients[0].flushdb()
        clients[0].close()
    # It only tries what others do, and is refused without being wrong:
    # tests/integration/engine/test_obstacles.py.
    assert used == set(SCRIPTS) - {"obstacles"}
