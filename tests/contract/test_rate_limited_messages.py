"""Messages that wait for permits are counted, and listed with when each gets its own."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import QueueCounts, RateLimited
from taskhub.engine.port.rate_limiter import AT_ONCE, BucketState, PermitRequest, Rate, rate_of
from tests.contract.stage import Clock, claim_all, ids, message

#: Ten a second.
TEN = rate_of(10)


def ask(engine: Engine, task: str, rate: Rate = TEN, queue: str = "default") -> None:
    claims = claim_all(engine, "w1", queue)
    requests = [PermitRequest(each.key, each.token, task, rate) for each in claims]
    engine.rate_limiter.acquire_permits("w1", requests)


def test_they_are_counted_apart_from_the_delayed(engine: Engine) -> None:
    engine.enqueue([message(name) for name in "abc"])
    engine.enqueue([message("d", delay=9), message("e", "other")])
    ask(engine, "slow")
    engine.enqueue([message("f")])

    counts = engine.queues()

    assert counts == {"default": QueueCounts(1, 1, 2), "other": QueueCounts(1, 0, 0)}
    assert counts["default"].total == 4


def test_each_is_listed_with_when_it_gets_its_permit(engine: Engine, clock: Clock) -> None:
    now = clock.now
    engine.enqueue([message(name) for name in "abcd"])
    ask(engine, "slow")
    listed = engine.rate_limited(0, 9)

    assert listed == [
        RateLimited("slow", now + 100, message("b")),
        RateLimited("slow", now + 200, message("c")),
        RateLimited("slow", now + 300, message("d")),
    ]
    clock.advance(150)
    assert [one.permit for one in engine.rate_limited(0, 9)] == [now + 150, now + 200, now + 300]
    for one in listed:
        clock.now = one.permit
        assert ids(claim_all(engine, "w2")) == [one.envelope.task_id]
        engine.requeue("w2", [one.envelope.task_id])
        ask(engine, "slow")
    assert engine.rate_limited(0, 9) == []


def test_a_bucket_of_many_tokens_gives_several_permits_at_once(
    engine: Engine, clock: Clock
) -> None:
    engine.enqueue([message(f"m{number}") for number in range(12)])
    ask(engine, "fast", rate_of(50))

    assert [one.permit - clock.now for one in engine.rate_limited(0, 99)] == [
        20 * place for place in range(1, 8)
    ]


def test_a_changed_rate_changes_when(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in "abc"])
    ask(engine, "slow", Rate(60_000_000, 1))

    engine.rate_limiter.set_rate("slow", TEN)
    assert [one.permit - clock.now for one in engine.rate_limited(0, 9)] == [100, 200]
    engine.rate_limiter.set_rate("slow", AT_ONCE)
    assert engine.rate_limited(0, 9) == []
    assert engine.queues()["default"].rate_limited == 0


def test_they_are_shown_in_pages_by_task_and_queue(engine: Engine) -> None:
    engine.enqueue([message(f"x{number}", "x") for number in range(4)])
    engine.enqueue([message(f"y{number}", "y", priority=9 - number) for number in range(3)])
    ask(engine, "task b", queue="x")
    ask(engine, "task ä", queue="y")
    engine.enqueue([message("x9", "x", priority=9)])
    ask(engine, "task ä", queue="x")

    def page(offset: int, limit: int, *queues: str) -> list[str]:
        found = engine.rate_limited(offset, limit, queues or None)
        return ids(one.envelope for one in found)

    assert page(0, 9) == ["x1", "x2", "x3", "x9", "y1", "y2"]
    assert page(1, 2) == ["x2", "x3"]
    assert page(0, 9, "x") == ["x1", "x2", "x3", "x9"]
    assert page(1, 1, "y") == ["y2"]
    assert page(0, 0) == page(9, 9) == page(0, 9, "none") == []


def test_one_that_is_looked_up_by_key_tells_when_it_gets_its_permit(
    engine: Engine, clock: Clock
) -> None:
    engine.enqueue([message(name) for name in "abc"])
    ask(engine, "slow")
    # The second message of an id has a key of its own.
    engine.enqueue([message("x", "x"), message("b", "x")])
    ask(engine, "task ä", queue="x")
    (again,) = engine.find_keys("b\n").keys
    engine.enqueue([message("ready"), message("late", delay=9)])

    found = engine.stored(["a", "b", again, "none", "c", "ready", "late"])

    now = clock.now
    assert [stored and (stored.permit, stored.position, stored.due) for stored in found] == [
        (None, None, None),
        (now + 100, None, None),
        (now + 100, None, None),
        None,
        (now + 200, None, None),
        (None, 0, None),
        (None, None, now + 9),
    ]
    by_key = {each.permit for each in found if each is not None and each.permit is not None}
    assert by_key == {one.permit for one in engine.rate_limited(0, 9)}


def test_all_are_read_in_pages(engine: Engine) -> None:
    assert list(engine.rate_limited_pages()) == []
    engine.enqueue([message(f"m{number}", "many") for number in range(1000)])
    ask(engine, "slow", queue="many")
    engine.enqueue([message(f"n{number}", "many") for number in range(300)])
    ask(engine, "slow", queue="many")
    engine.enqueue([message("rare", "few"), message("other", "few")])
    ask(engine, "task b", queue="few")

    for queues in (None, ["many"], ["few"], ["many", "few"], ["none"]):
        pages = list(engine.rate_limited_pages(queues))
        assert all(len(page) <= 500 for page in pages)
        assert [one for page in pages for one in page] == engine.rate_limited(0, 9999, queues)


def test_one_is_found_behind_many_of_other_queues(engine: Engine) -> None:
    engine.enqueue([message(f"id{number}", "many") for number in range(1000)])
    ask(engine, "slow", queue="many")
    engine.enqueue([message(f"more{number}", "many") for number in range(1000)])
    ask(engine, "slow", queue="many")
    engine.enqueue([message("rare", "few")])
    ask(engine, "slow", queue="few")

    (found,) = engine.rate_limited(0, 9, ["few"])
    assert found.envelope.task_id == "rare"
    assert engine.queues()["many"].rate_limited == 1999
    assert len(engine.rate_limited(990, 20)) == 20


def test_the_state_of_buckets_is_told(engine: Engine, clock: Clock) -> None:
    now = clock.now
    slow, fast = rate_of(10), rate_of(50)
    states = engine.rate_limiter.bucket_states
    assert states(["slow", "fast"]) == [None, None]
    assert states([]) == []

    engine.enqueue([message(name) for name in "ab"])
    ask(engine, "slow", slow)
    engine.enqueue([message(name) for name in "cde"])
    ask(engine, "fast", fast)
    assert states(["slow", "none", "fast"]) == [
        BucketState(0, now + 100, slow),
        None,
        BucketState(2, now, fast),
    ]
    clock.advance(60)
    assert states(["slow", "fast"]) == [
        BucketState(0, now + 100, slow),
        BucketState(5, now + 60, fast),
    ]
    clock.advance(60)
    assert states(["slow"]) == [BucketState(1, now + 120, slow)]
    engine.rate_limiter.set_rate("slow", AT_ONCE)
    assert states(["slow"]) == [None]
