"""Messages that have not ended: found by key and by text, counted by priority, and how long the oldest waits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import FoundMessages, Stored
from taskhub.engine.redis.engine import RedisEngine
from tests.contract.stage import Clock, claim_all, claim_one, completion, message


def search(step: Callable[[str], FoundMessages]) -> list[str]:
    """Return the keys that all steps of a search find."""
    found = step("")
    keys = found.keys
    while found.cursor:
        found = step(found.cursor)
        keys = [*keys, *found.keys]
    return sorted(keys)


def test_a_message_is_found_by_its_key_wherever_it_is(engine: Engine, clock: Clock) -> None:
    first, high, late = message("first"), message("high", priority=9), message("late", delay=7)
    held = message("held", "other")
    engine.enqueue([first, high, late, held])
    claim_one(engine, queue="other")

    found = engine.stored(["first", "high", "unknown", "late", "held"])

    assert found == [
        Stored("first", first, 1, None),
        Stored("high", high, 0, None),
        None,
        Stored("late", late._replace(delay=0), None, clock.now + 7),
        Stored("held", held, None, None),
    ]
    assert engine.stored([]) == []


def test_pages_of_several_queues_come_together(engine: Engine) -> None:
    of_x, of_y = [message(f"x{n}", "x") for n in range(5)], [message("y", "y")]
    engine.enqueue([*of_x, *of_y])

    assert engine.waiting_pages([("x", 1, 2), ("y", 0, 9), ("z", 0, 9), ("x", 0, 0)]) == [
        of_x[1:3], of_y, [], [],
    ]  # fmt: skip
    assert engine.waiting_pages([("x", 0, 0), ("x", 5, 5)]) == [[], []]
    assert engine.waiting_pages([]) == []


def test_a_second_message_with_one_task_id_has_a_key_of_its_own(engine: Engine) -> None:
    engine.enqueue([message("a"), message("a", "other")])
    keys = search(lambda cursor: engine.find_keys("a\n", cursor))

    assert len(keys) == 1
    (second,) = engine.stored(keys)
    assert second is not None
    assert (second.envelope.task_id, second.envelope.queue, second.position) == ("a", "other", 0)


def test_messages_are_found_by_a_text(engine: Engine) -> None:
    many = [message(f"id{number}")._replace(body=b'{"n":"%d."}' % number) for number in range(1300)]
    engine.enqueue(many)

    def keys(*texts: str) -> list[str]:
        return search(lambda cursor: engine.find_messages(texts, cursor))

    assert keys('"71.', '"72.') == ["id71", "id72"]
    # The id is part of what is stored, and no sign is one of a pattern.
    assert keys("id1299") == ["id1299"]
    assert keys("[0-9]", "%d") == []


def test_a_step_of_a_search_looks_at_few_large_messages(engine: Engine) -> None:
    # A step ends behind 256 KiB.
    body = b'{"wanted": "%s"}' % (b"x" * 100_000)
    engine.enqueue([message(f"id{number}", body=body) for number in range(120)])
    steps: list[int] = []

    def step(cursor: str) -> FoundMessages:
        found = engine.find_messages(["wanted"], cursor)
        steps.append(len(found.keys))
        return found

    assert set(search(step)) == {f"id{number}" for number in range(120)}
    if isinstance(engine, RedisEngine):
        assert max(steps) <= 40
        assert len(steps) >= 6


def test_messages_are_found_by_the_beginning_of_their_keys(engine: Engine) -> None:
    engine.enqueue([message(f"id{number}") for number in range(1300)])
    engine.enqueue([message("*[a]?\\^b"), message("späti")])

    def keys(beginning: str) -> list[str]:
        return search(lambda cursor: engine.find_keys(beginning, cursor))

    assert keys("id129") == ["id129", *(f"id129{number}" for number in range(10))]
    assert keys("*[a]?\\^") == ["*[a]?\\^b"]
    assert keys("spä") == ["späti"]
    assert keys("d1") == keys("id?") == keys("[i]") == []


def test_nothing_is_found_in_an_empty_store(engine: Engine) -> None:
    assert engine.find_keys("a") == engine.find_messages(["a"]) == FoundMessages([], "")
    assert engine.longest_waits(["default"]) == engine.count_ready("default") == {}
    assert engine.count_queues() == engine.count_delayed() == {}
    assert engine.dead_keys(0, 9) == engine.dead_letters_of([]) == engine.history.cursors(9) == []


def test_dead_letters_are_found_by_their_keys(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("b"), message("a")])
    for claim in claim_all(engine):
        engine.commit("w1", [completion(claim, "FAILURE", dead=f'"{claim.task_id}"')])
        clock.advance(10)
    first, second = engine.dead_letters(0, 2)

    assert engine.dead_keys(0, 9) == [("b", first.expires), ("a", second.expires)]
    assert engine.dead_keys(1, 1) == [("a", second.expires)]
    assert engine.dead_keys(0, 0) == []
    assert engine.dead_letters_of(["a", "none", "b"]) == [second, None, first]


def test_queues_are_counted_in_two_parts(engine: Engine) -> None:
    engine.enqueue([message("a", "x"), message("b", "y", delay=5), message("c", "y", delay=6)])

    assert engine.count_queues() == {"x": 1, "y": 0}
    assert engine.count_delayed() == {"y": 2}


def test_ready_messages_are_counted_by_priority(engine: Engine) -> None:
    numbers = (5, 0, 9, 5, 0, 5)
    engine.enqueue([message(f"id{place}", priority=number) for place, number in enumerate(numbers)])
    engine.enqueue([message("late", priority=7, delay=5), message("other", "other")])

    assert list(engine.count_ready("default").items()) == [(9, 1), (5, 3), (0, 2)]


def test_the_longest_waits_message_may_have_any_priority(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("low", "x", priority=0), message("late", "y", delay=5)])
    clock.advance(1000)
    engine.enqueue([message("high", "x", priority=9), message("z", "z", priority=5)])

    assert engine.longest_waits(["x", "y", "z", "unknown"]) == {"x": 1000, "z": 0}
    assert claim_one(engine, queue="y").task_id == "late"
    many = [f"queue{number}" for number in range(600)]
    engine.enqueue([message(name, name) for name in many])
    found = engine.longest_waits(many)
    assert list(found) == many
    # So many in one millisecond take some of the next.
    assert set(found.values()) == {0}


@pytest.mark.parametrize("score", ["+inf", "1e300", str(2**102), str(10 * 2**49), "-1", "-inf"])
def test_what_something_else_puts_into_a_queue_does_not_count(
    engine: Engine, clock: Clock, score: str
) -> None:
    engine.enqueue([message("low", "x", priority=0), message("high", "x", priority=9)])
    clock.advance(1000)
    if isinstance(engine, RedisEngine):
        name = f"{{{engine.rules.namespace}}}:queue:"
        engine._call(("ZADD", f"{name}x", score, "foreign"), ("ZADD", f"{name}y", score, "foreign"))

    assert engine.longest_waits(["x", "y"]) == {"x": 1000}
