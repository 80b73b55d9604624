"""The server has done it, and nobody was told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from taskhub.engine.port.claims import Completion
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.redis.engine import RedisEngine
from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.outcome import ChordPage, ChordPart, ChordPlan
from tests.contract.stage import claim_one, completion, document, ids, message, outcome, state_of
from tests.integration.engine.conftest import MakeEngine
from tests.integration.engine.proxy import LosingProxy
from tests.support.servers import Server


@pytest.fixture
def proxy(server: Server) -> Iterator[LosingProxy]:
    with LosingProxy(server.port) as running:
        yield running


@pytest.fixture
def engine(make_engine: MakeEngine, proxy: LosingProxy) -> RedisEngine:
    """Reaches the server through the proxy; has been there before."""
    engine = make_engine(proxy.url)
    engine.enqueue([message("first")], retry=RetryPolicy())
    engine.commit("w0", [completion(claim_one(engine, "w0"))])
    return engine


@pytest.fixture
def other(make_engine: MakeEngine, server: Server) -> RedisEngine:
    """Reaches the server directly."""
    return make_engine(server.url)


def test_a_repeated_enqueue_stores_once(engine: RedisEngine, proxy: LosingProxy) -> None:
    proxy.lose_next_reply()
    engine.enqueue([message("a"), message("b")], retry=RetryPolicy())

    assert proxy.lost.is_set()
    assert ids(engine.waiting("default", 0, 9)) == ["a", "b"]


def test_it_stores_once_even_if_the_task_has_ended_without_a_result(
    engine: RedisEngine, other: RedisEngine, proxy: LosingProxy
) -> None:
    def run() -> None:
        claim = claim_one(other)
        other.commit("w1", [Completion(claim, outcome("id")._replace(document=None))])

    proxy.lose_next_reply(before=run)
    engine.enqueue([message("id")], retry=RetryPolicy())

    assert engine.queues()["default"].ready == 0


def test_it_stores_what_had_not_arrived_though_its_id_is_known(
    engine: RedisEngine, server: Server
) -> None:
    """An id that was used before, by a message and by a result, does not stand in for this one."""
    engine.enqueue([message("id", body=b"old")])
    engine.store_state("id", document("id", "SUCCESS"), None)
    server.restart()

    engine.enqueue([message("id", body=b"new")], retry=RetryPolicy())

    assert [found.body for found in engine.waiting("default", 0, 9)] == [b"old", b"new"]


def test_every_page_is_stored_once(engine: RedisEngine, proxy: LosingProxy) -> None:
    proxy.lose_next_reply()
    engine.enqueue([message(f"id{number}") for number in range(1200)], retry=RetryPolicy())

    assert engine.queues()["default"].ready == 1200


def test_every_page_of_an_open_chord_counts_once(engine: RedisEngine, proxy: LosingProxy) -> None:
    plans, policy = [ChordPlan("chord", 0, (message("body", "b"),))], RetryPolicy()
    for number, wait in enumerate((1_000, 1_000, None)):
        page = ChordPage("chord", 1, wait, "" if number else "lost")
        proxy.lose_next_reply()
        engine.enqueue([message(f"{number}")], chords=plans, page=page, retry=policy)
        plans = []

    claims = engine.claim("w1", ["default"], 9).claims
    for place, claim in enumerate(claims):
        assert engine.chord_parts("chord") is None
        part = ChordPart("chord", place, "v")
        engine.commit("w1", [Completion(claim, outcome(claim.task_id)._replace(parts=(part,)))])
    assert engine.chord_parts("chord") == 3 * [b"v"]
    assert ids(engine.waiting("b", 0, 9)) == ["body"]


def test_what_may_have_been_stored_is_not_told_to_be_refused(
    engine: RedisEngine, server: Server, proxy: LosingProxy
) -> None:
    with redis.Redis(port=server.port) as client:
        proxy.lose_next_reply(before=lambda: client.config_set("maxmemory", "1"))
        with pytest.raises(OperationalError, match="lost the connection") as caught:
            engine.enqueue([message("id")], retry=RetryPolicy())
        client.config_set("maxmemory", "0")

    assert not isinstance(caught.value, StoreRefused)
    assert isinstance(caught.value.__cause__, StoreRefused)
    assert ids(engine.waiting("default", 0, 9)) == ["id"]


def test_without_a_policy_nothing_is_repeated(engine: RedisEngine, proxy: LosingProxy) -> None:
    proxy.lose_next_reply()
    with pytest.raises(OperationalError):
        engine.enqueue([message("id")])

    assert ids(engine.waiting("default", 0, 9)) == ["id"]


def test_a_claim_that_was_never_received_is_found(engine: RedisEngine, proxy: LosingProxy) -> None:
    engine.enqueue([message("a"), message("b")])
    proxy.lose_next_reply()
    with pytest.raises(OperationalError):
        engine.claim("w1", ["default"], 5)

    assert sorted(engine.reconcile("w1", [])) == ["a", "b"]
    assert claim_one(engine, "w2").delivery == 1


def test_an_ending_that_was_written_is_not_written_again(
    engine: RedisEngine, proxy: LosingProxy
) -> None:
    engine.enqueue([message("id")])
    completions = [completion(claim_one(engine), publish=[message("next")])]
    proxy.lose_next_reply()
    with pytest.raises(OperationalError):
        engine.exchange("w1", completions, ["default"], 0)

    assert engine.commit("w1", completions) == [False]

    assert state_of(engine, "id") == "SUCCESS"
    assert ids(engine.waiting("default", 0, 9)) == ["next"]


def test_a_repeated_acknowledgement_is_one(engine: RedisEngine, proxy: LosingProxy) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    proxy.lose_next_reply()

    assert engine.acknowledge("w1", claim)


def test_what_a_lost_revocation_took_is_under_a_lease(
    engine: RedisEngine, proxy: LosingProxy
) -> None:
    engine.enqueue([message("id")])
    proxy.lose_next_reply()

    assert engine.revoke("revoker", ["id"], 60_000) == []

    assert list(engine.held("revoker")) == ["id"]
    assert "revoker" in engine.workers()
    engine.reclaim("revoker")
    assert claim_one(engine).revoked
