"""Fire times that are queued behind a run, when something else has written into the schedule store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from taskhub.engine.port.schedule_store import Fire
from tests.contract.stage import claim_one, completion, ids, message
from tests.integration.engine.conftest import MakeEngine
from tests.support.servers import Server

LEASE = 10_000
WAITING = "{taskhub}:schedule:waiting:app\n"


@pytest.fixture
def client(any_server: Server) -> Iterator[redis.Redis]:
    with redis.Redis(unix_socket_path=str(any_server.socket)) as client:
        yield client


# Not packed; packed values of other forms; a packed record without its first lines; one cut off.
@pytest.mark.parametrize(
    "written",
    [
        b"text",
        b"",
        b"\x01",
        b"\x80",
        b"\x82\xa7task_id\xa1x\xa8messages\x91\x82\xa6record\xa1x\xa3due\xa0",
        None,
    ],
)
def test_one_that_cannot_be_read_is_skipped_and_stops_no_other(
    written: bytes | None, any_server: Server, client: redis.Redis, make_engine: MakeEngine
) -> None:
    engine = make_engine(any_server.socket_url)
    store = engine.schedule_store("app")
    token = store.lead("s1", 0, LEASE).token
    for at, task_id in enumerate(("a1", "a2", "a3", "b1", "b2"), 1):
        sent = message(task_id)
        store.fire(token, Fire(task_id[0], at, task_id, (sent,), "queue"))
    assert {name: run.queued for name, run in store.last_runs().items()} == {"a": 2, "b": 1}
    whole = client.lindex(f"{WAITING}a", 0)
    client.lset(f"{WAITING}a", 0, whole[:-3] if written is None else written)
    for _ in range(2):
        claim = claim_one(engine)
        engine.exchange("w1", [completion(claim)], [], None)

    # What is skipped counts as a fire time, and the next one follows at the next renewal.
    assert store.lead("s1", token, LEASE).token == token
    assert ids(engine.waiting("default", 0, 9)) == ["b2"]
    assert store.last_runs()["a"].skipped == 1
    assert store.lead("s1", token, LEASE).token == token
    assert sorted(ids(engine.waiting("default", 0, 9))) == ["a3", "b2"]
    assert {name: run.queued for name, run in store.last_runs().items()} == {"a": 0, "b": 0}


def test_a_run_that_cannot_be_read_stops_no_other(
    any_server: Server, client: redis.Redis, make_engine: MakeEngine
) -> None:
    engine = make_engine(any_server.socket_url)
    store = engine.schedule_store("app")
    token = store.lead("s1", 0, LEASE).token
    for at, task_id in enumerate(("a1", "a2"), 1):
        store.fire(token, Fire("a", at, task_id, (message(task_id),), "queue"))
    client.hset("{taskhub}:schedule:runs:app", "a", "no run")
    engine.exchange("w1", [completion(claim_one(engine))], [], None)
    assert store.lead("s1", token, LEASE).token == token
    assert ids(engine.waiting("default", 0, 9)) == ["a2"]
