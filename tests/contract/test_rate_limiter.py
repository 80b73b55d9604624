"""Rate limits: how fast the tasks of a name begin, over all workers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from taskhub.engine.port.claims import Claim
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import QueueCounts
from taskhub.engine.port.rate_limiter import AT_ONCE, REQUEST_AGAIN, PermitRequest, Rate, rate_of
from tests.contract.stage import (
    Clock,
    claim_all,
    claim_one,
    completion,
    ids,
    is_empty,
    is_notified,
    message,
)

#: Ten a second.
TEN = rate_of(10)


def ask(
    engine: Engine,
    claims: Sequence[Claim],
    worker: str = "w1",
    *,
    task: str = "limited",
    rate: Rate = TEN,
) -> list[str]:
    """Ask for turns; return the ids of those that may begin."""
    turns = [PermitRequest(claim.key, claim.token, task, rate) for claim in claims]
    granted = engine.rate_limiter.acquire_permits(worker, turns).granted
    return [claim.task_id for claim, may in zip(claims, granted, strict=True) if may]


def begin(
    engine: Engine, worker: str = "w1", *queues: str, task: str = "limited", rate: Rate = TEN
) -> list[str]:
    """Claim what there is and let begin what may."""
    claims = claim_all(engine, worker, *queues)
    return ask(engine, claims, worker, task=task, rate=rate) if claims else []


def test_one_begins_and_the_others_wait_for_their_turns(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in "abcd"])
    assert begin(engine) == ["a"]
    assert set(engine.held("w1")) == {"a"}
    begun = []
    for _ in range(3):
        clock.advance(99)
        assert begin(engine) == []
        clock.advance(1)
        begun += begin(engine)
    assert begun == ["b", "c", "d"]


def test_the_limit_is_that_of_all_workers(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in "abc"])
    first, second = claim_one(engine, "w1"), claim_one(engine, "w2")
    assert ask(engine, [first], "w1") == ["a"]
    assert ask(engine, [second], "w2") == []
    clock.advance(100)
    assert begin(engine, "w3") == ["b"]


def test_a_bucket_does_not_fill_beyond_its_size(engine: Engine, clock: Clock) -> None:
    clock.advance(60_000)
    engine.enqueue([message(name) for name in "ab"])
    assert begin(engine) == ["a"]
    clock.advance(60_000)
    engine.enqueue([message("c")])
    assert begin(engine) == ["b"]


def test_fast_tasks_may_begin_a_tenth_of_a_second_together(engine: Engine, clock: Clock) -> None:
    fast = rate_of(100)
    engine.enqueue([message(f"{number:02}") for number in range(30)])
    assert len(begin(engine, rate=fast)) == 10
    assert begin(engine, rate=fast) == []
    clock.advance(50)
    assert len(begin(engine, rate=fast)) == 5
    clock.advance(1000)
    assert len(begin(engine, rate=fast)) == 10


def test_a_slow_rate_is_kept(engine: Engine, clock: Clock) -> None:
    hourly = rate_of(2 / 3600)
    engine.enqueue([message(name) for name in "ab"])
    assert begin(engine, rate=hourly) == ["a"]
    clock.advance(1_800_000 - 1)
    assert begin(engine, rate=hourly) == []
    clock.advance(1)
    assert begin(engine, rate=hourly) == ["b"]


def test_it_is_told_when_the_next_turn_comes(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in "ab"])
    claims = claim_all(engine)
    turns = [PermitRequest(claim.key, claim.token, "limited", TEN) for claim in claims]
    assert engine.rate_limiter.acquire_permits("w1", turns).next_permit == 100
    clock.advance(30)
    assert engine.claim("w2", ["other"], 1).next_due == 70


def test_what_came_first_begins_first_with_its_priority(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in ("a", "b", "c")])
    engine.enqueue([message("urgent", priority=9)])
    assert begin(engine) == ["urgent"]
    clock.advance(100)
    engine.enqueue([message("late")])
    assert begin(engine) == ["a"]
    clock.advance(100)
    assert begin(engine) == ["b"]


def test_nobody_overtakes_those_that_wait(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in "abc"])
    assert begin(engine) == ["a"]
    engine.enqueue([message("late")])
    late = claim_one(engine, "w2")
    clock.advance(100)
    assert ask(engine, [late], "w2") == []
    order = []
    for _ in range(3):
        order += begin(engine)
        clock.advance(100)
    assert order == ["b", "c", "late"]


def test_waiting_is_no_delivery_and_no_claim(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("a"), message("b")])
    begin(engine)
    assert engine.reclaim("w1") == 1
    clock.advance(100)
    found = {claim.task_id: claim.delivery for claim in claim_all(engine, "w2")}
    assert found == {"a": 2, "b": 1}


def test_those_that_wait_do_not_hold_up_others_of_their_queue(engine: Engine) -> None:
    engine.enqueue([message(f"limited{number}") for number in range(50)])
    engine.enqueue([message("other")])
    claims = claim_all(engine)
    ask(engine, claims[:-1])
    assert claims[-1].task_id == "other"
    assert claim_all(engine) == []
    assert engine.queues()["default"] == QueueCounts(0, 0, 49)
    assert engine.rate_limiter.waiting() == {"limited": 49}


def test_when_its_turn_comes_its_queue_s_notifier_rings(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("a", "x"), message("b", "y")])
    ask(engine, claim_all(engine, "w1", "x", "y"))
    for queue in ("x", "y"):
        is_notified(engine, queue)
    clock.advance(100)
    # Whoever comes by makes it ready, also for queues of others.
    engine.claim("w2", ["x"], 1)
    assert is_notified(engine, "y")
    assert ids(claim_all(engine, "w1", "y")) == ["b"]


def test_a_turn_that_nobody_takes_is_not_the_last(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in "abc"])
    begin(engine)
    clock.advance(100)
    assert ids(claim_all(engine, "w2")) == ["b"]
    # It died, or ended "b" without asking.
    clock.advance(REQUEST_AGAIN)
    assert ids(claim_all(engine, "w3")) == ["c"]


def test_names_have_buckets_of_their_own(engine: Engine) -> None:
    engine.enqueue([message(name) for name in "abcd"])
    claims = claim_all(engine)
    turns = [
        PermitRequest(claim.key, claim.token, task, TEN)
        for claim, task in zip(claims, ("x", "y", "x", "y"), strict=True)
    ]
    assert engine.rate_limiter.acquire_permits("w1", turns).granted == [True, True, False, False]
    assert engine.rate_limiter.waiting() == {"x": 1, "y": 1}


def test_a_claim_that_was_taken_away_gets_no_turn(engine: Engine) -> None:
    engine.enqueue([message("a")])
    claim = claim_one(engine, "w1")
    engine.reclaim("w1")
    assert ask(engine, [claim], "w1") == []
    assert claim_one(engine, "w2").task_id == "a"
    assert engine.rate_limiter.waiting() == {}


@pytest.mark.parametrize("rate", [AT_ONCE, rate_of(1000)])
def test_a_faster_rate_applies_to_those_that_wait(engine: Engine, clock: Clock, rate: Rate) -> None:
    hourly = rate_of(1 / 3600)
    engine.enqueue([message(f"{number:03}") for number in range(40)])
    assert begin(engine, rate=hourly) == ["000"]
    engine.rate_limiter.set_rate("limited", rate)
    clock.advance(rate.interval // 1000)
    assert is_notified(engine, "default")
    assert len(begin(engine, rate=rate)) == 39
    assert engine.rate_limiter.waiting() == {}


def test_a_slower_rate_applies_to_those_that_wait(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in "abc"])
    assert begin(engine) == ["a"]
    slow = rate_of(1 / 60)
    engine.rate_limiter.set_rate("limited", slow)
    clock.advance(100)
    assert begin(engine, rate=slow) == ["b"]
    clock.advance(59_999)
    assert begin(engine, rate=slow) == []
    clock.advance(1)
    assert begin(engine, rate=slow) == ["c"]


def test_more_than_go_at_once_go_without_a_limit(engine: Engine) -> None:
    engine.enqueue([message(f"{number:04}") for number in range(6000)])
    hourly = rate_of(1 / 3600)
    for _ in range(6):
        ask(engine, claim_all(engine), rate=hourly)
    assert engine.rate_limiter.waiting() == {"limited": 5999}
    engine.rate_limiter.set_rate("limited", AT_ONCE)
    found: list[str] = []
    for _ in range(20):
        found += ids(engine.claim("w2", ["default"], 500).claims)
    assert found == [f"{number:04}" for number in range(1, 6000)]


def test_one_that_waits_can_be_revoked(engine: Engine) -> None:
    engine.enqueue([message(name) for name in "abc"])
    begin(engine)
    (claim,) = engine.revoke("revoker", ["b"], 60_000)
    assert engine.commit("revoker", [completion(claim, "REVOKED")]) == [True]
    assert engine.rate_limiter.waiting() == {"limited": 1}


def test_those_that_wait_are_purged_with_what_is_delayed(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("a"), message("b"), message("c", "other"), message("d", "other")])
    ask(engine, claim_all(engine, "w1", "default", "other"))
    assert engine.purge("default", delayed=False) == 0
    assert engine.purge("default") == 1
    assert engine.rate_limiter.waiting() == {"limited": 2}
    clock.advance(100)
    assert begin(engine, "w2", "other") == ["c"]
    assert engine.purge("other") == 1
    engine.reclaim("w1")
    engine.reclaim("w2")
    assert {name: counts.ready for name, counts in engine.queues().items()} == {
        "default": 1,
        "other": 1,
    }
    clock.advance(60_000)
    assert engine.claim("w3", ["none"], 1).next_due is None


def test_texts_about_limits_are_stored(engine: Engine) -> None:
    assert engine.rate_limiter.stored_limits() == {}
    engine.rate_limiter.store_limit("a", "1/m")
    engine.rate_limiter.store_limit("b", "2/m")
    engine.rate_limiter.store_limit("a", "3/m")
    engine.rate_limiter.store_limit("b", None)
    assert engine.rate_limiter.stored_limits() == {"a": "3/m"}


def test_everything_is_gone_in_the_end(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in "abc"])
    for _ in range(3):
        claims = claim_all(engine)
        for claim in claims:
            if ask(engine, [claim]):
                engine.commit("w1", [completion(claim)])
        clock.advance(100)
    assert is_empty(engine, "w1")
    assert engine.rate_limiter.waiting() == {}


@pytest.mark.parametrize(
    ("per_second", "rate"),
    [
        (0, AT_ONCE),
        (1, Rate(1_000_000, 1)),
        (0.5, Rate(2_000_000, 1)),
        (100 / 60, Rate(600_000, 1)),
        (10, Rate(100_000, 1)),
        (100, Rate(10_000, 10)),
        (10_000_000, Rate(1, 1_000_000)),
    ],
)
def test_the_rate_of_a_rate(per_second: float, rate: Rate) -> None:
    assert rate_of(per_second) == rate
