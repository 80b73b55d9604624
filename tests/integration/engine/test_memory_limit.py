"""A server that has no memory left refuses new work, clearly and wholly, and lets the old be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.redis.engine import RedisEngine
from taskhub.exceptions import OperationalError
from taskhub.outcome import ChordPage, ChordPlan
from tests.contract.stage import LEASE, Clock, claim_all, completion, ids, message, state_of
from tests.integration.engine.conftest import MakeEngine
from tests.support.servers import Server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(any_server: Server, make_engine: MakeEngine, clock: Clock) -> RedisEngine:
    return make_engine(any_server.socket_url, clock=clock)


@contextmanager
def no_memory_left(server: Server) -> Iterator[None]:
    """Let the server be at its limit."""
    with redis.Redis(unix_socket_path=str(server.socket)) as client:
        client.config_set("maxmemory", "1")
        yield
        client.config_set("maxmemory", "0")


def test_new_messages_are_refused_clearly_and_wholly(
    any_server: Server, engine: RedisEngine
) -> None:
    engine.enqueue([message("a")])
    policy = RetryPolicy(max_retries=1)
    with no_memory_left(any_server):
        for retry in (None, policy):
            with pytest.raises(OperationalError, match=r"out of memory.*maxmemory"):
                engine.enqueue([message("b"), message("c", delay=10)], retry=retry)
        with pytest.raises(OperationalError, match="out of memory"):
            engine.store_state("a", '{"status": "STARTED"}', None)

    with redis.Redis(unix_socket_path=str(any_server.socket)) as client:
        assert client.hkeys("{taskhub}:messages") == [b"a"]
        assert client.zcard("{taskhub}:delayed") == 0
    assert ids(engine.waiting("default", 0, 9)) == ["a"]
    engine.enqueue([message("b")], retry=policy)
    assert ids(engine.waiting("default", 0, 9)) == ["a", "b"]


def test_a_message_is_stored_once_room_is_made(any_server: Server, engine: RedisEngine) -> None:
    """A refused call is repeated by the policy under its own number."""
    with no_memory_left(any_server), pytest.raises(OperationalError):
        engine.enqueue([message("id")], retry=RetryPolicy(max_retries=0))

    engine.enqueue([message("id")], retry=RetryPolicy(max_retries=0))

    assert ids(engine.waiting("default", 0, 9)) == ["id"]


def test_workers_go_on_and_make_room(any_server: Server, engine: RedisEngine, clock: Clock) -> None:
    names = ["done", "retried", "dead", "early", "returned", "lost"]
    engine.enqueue([message(name) for name in names])
    engine.enqueue([message("delayed", delay=10), message("revoked"), message("purged", "p")])
    with no_memory_left(any_server):
        engine.renew(["w1"], LEASE)
        clock.advance(10)
        assert ids(engine.revoke("revoker", ["revoked"], 1000)) == ["revoked"]
        claims = {claim.task_id: claim for claim in claim_all(engine, "w1")}
        assert sorted(claims) == sorted([*names, "delayed"])
        assert engine.acknowledge("w1", claims["early"])
        assert engine.requeue("w1", ["returned"]) == ["returned"]
        assert engine.commit("w1", [completion(claims["dead"], "FAILURE", dead="{}")]) == [True]
        assert engine.commit(
            "w1",
            [
                completion(claims["done"], publish=[message("next")]),
                completion(claims["retried"], "RETRY", publish=[message("retried", delay=10)]),
                completion(claims["early"]),
            ],
        ) == [True, True, True]
        assert engine.purge("p") == 1
        assert engine.reclaim("w1") == 2

    assert [state_of(engine, name) for name in ("done", "early", "dead")] == [
        *("SUCCESS", "SUCCESS", "FAILURE")
    ]
    assert sorted(ids(engine.waiting("default", 0, 9))) == ["delayed", "lost", "next", "returned"]
    assert [letter.key for letter in engine.dead_letters(0, 9)] == ["dead"]


def test_the_chord_of_which_no_page_can_be_stored_ends(
    any_server: Server, engine: RedisEngine, clock: Clock
) -> None:
    for name in ("raised", "abandoned"):
        plan = ChordPlan(name, 0, (message(f"body of {name}"),))
        engine.enqueue((), chords=[plan], page=ChordPage(name, 0, 10, "lost"))
    with no_memory_left(any_server):
        with pytest.raises(OperationalError, match="out of memory"):
            engine.enqueue([message("member")], page=ChordPage("raised", 1, 10))
        assert engine.fail_chord("raised", "no memory")
        clock.advance(10)
        assert engine.reap_chords() == ["abandoned"]

    assert ids(engine.waiting("default", 0, 9)) == ["body of raised", "body of abandoned"]
    assert engine.chord_parts("raised") == [b"no memory"]
