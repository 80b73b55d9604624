"""Forgetting queues that nothing is stored in and nobody serves."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rate_limiter import PermitRequest, Rate
from tests.contract.stage import LEASE, Clock, claim_all, claim_one, completion, ids, message

#: One task in an hour.
SLOW = Rate(3_600_000_000, 1)
#: Every character that a pattern of a server treats in its own way, and a separator of records.
ODD = "[a]*?\\^-:é"


def register(engine: Engine, worker: str, *queues: str) -> None:
    engine.renew([worker], LEASE)
    engine.register_worker(worker, json.dumps({"node": worker, "queues": queues}))


def limit(engine: Engine) -> None:
    """Claim what there is, for a task of which one may begin in an hour."""
    requests = [PermitRequest(each.key, each.token, "slow", SLOW) for each in claim_all(engine)]
    engine.rate_limiter.acquire_permits("w1", requests)


@pytest.mark.parametrize("name", ["default", ODD, ""])
def test_an_empty_queue_is_forgotten_with_its_pause(engine: Engine, name: str) -> None:
    engine.enqueue([message("a", name), message("b", "other")])
    engine.commit("w1", [completion(claim_one(engine, queue=name))])
    engine.pause_queue(name, "ann")

    assert engine.forget_queue(name) is None

    assert list(engine.queues()) == ["other"]
    assert engine.paused_queues() == {}
    assert engine.forget_queue(name) is None
    engine.enqueue([message("c", name)])
    assert set(engine.queues()) == {name, "other"}
    assert ids(claim_all(engine, "w1", name)) == ["c"]


def be_ready(engine: Engine) -> None:
    engine.enqueue([message("a")])


def be_delayed(engine: Engine) -> None:
    engine.enqueue([message("a", delay=10)])


def be_claimed(engine: Engine) -> None:
    engine.enqueue([message("a")])
    claim_one(engine)


def be_rate_limited(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b")])
    limit(engine)
    # The first one may begin, and ends.
    engine.requeue("w1", list(engine.held("w1")))
    engine.commit("w1", [completion(claim_one(engine))])


def be_served(engine: Engine) -> None:
    register(engine, "w1", "other", "default")


@pytest.mark.parametrize(
    ("arrange", "use"),
    [
        (be_ready, "ready"),
        (be_delayed, "delayed"),
        (be_claimed, "claimed"),
        (be_rate_limited, "rate_limited"),
        (be_served, "served"),
    ],
)
def test_what_keeps_a_queue_is_told_and_nothing_changes(
    engine: Engine, arrange: Callable[[Engine], None], use: str
) -> None:
    engine.enqueue([message("x"), message("y", "other")])
    engine.commit("w0", [completion(claim_one(engine, "w0"))])
    engine.pause_queue("other")
    arrange(engine)
    engine.pause_queue("default")
    before = (engine.queues(), engine.paused_queues(), engine.unfinished("default"))

    assert engine.forget_queue("default") == use

    assert (engine.queues(), engine.paused_queues(), engine.unfinished("default")) == before


def test_messages_and_workers_of_other_queues_keep_nothing(engine: Engine) -> None:
    engine.enqueue([message("a", ODD)])
    engine.commit("w1", [completion(claim_one(engine, queue=ODD))])
    # Names that begin alike, and one that a pattern would match.
    for number, other in enumerate((ODD + "x", ODD + "\\", "aaa^-:é", ODD[:-1])):
        engine.enqueue([message(f"d{number}", other, delay=10), message(f"r{number}", other)])
        claim_one(engine, "w2", other)
    register(engine, "w2", ODD + "x")

    assert engine.forget_queue(ODD) is None


def test_a_lost_worker_serves_nothing_but_keeps_what_it_holds(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("a", "held"), message("b", "left")])
    claim_one(engine, "w1", "held")
    engine.commit("w1", [completion(claim_one(engine, "w1", "left"))])
    register(engine, "w1", "held", "left")
    clock.advance(LEASE)

    assert engine.forget_queue("left") is None
    assert engine.forget_queue("held") == "claimed"
    engine.reclaim("w1")
    assert engine.forget_queue("held") == "ready"


def test_worker_infos_of_another_form_are_passed_over(engine: Engine) -> None:
    engine.enqueue([message("a")])
    engine.commit("w1", [completion(claim_one(engine))])
    for number, text in enumerate(("", "no JSON", "[]", "null", '{"queues": 1}', "{}")):
        engine.renew([f"v{number}"], LEASE)
        engine.register_worker(f"v{number}", text)

    assert engine.forget_queue("default") is None


def test_one_delayed_message_among_many_is_found(engine: Engine) -> None:
    engine.enqueue([message(f"d{number}", "many", delay=number + 1) for number in range(2500)])
    engine.enqueue([message("one", "few", delay=1200)])
    engine.enqueue([message("odd", ODD, delay=1200)])

    assert engine.forget_queue("few") == "delayed"
    assert engine.forget_queue(ODD) == "delayed"
    assert engine.forget_queue("none") is None
