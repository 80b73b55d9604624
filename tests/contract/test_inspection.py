"""What can be seen without changing it."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import QueueCounts
from tests.contract.stage import Clock, claim_all, claim_one, completion, ids, message


def test_a_queue_is_known_from_its_first_message_on(engine: Engine) -> None:
    engine.enqueue([message("a", "x"), message("b", "y", delay=5)])
    claim_one(engine, queue="x")

    assert engine.queues() == {"x": QueueCounts(0, 0), "y": QueueCounts(0, 1)}


def test_what_has_not_ended_is_counted_wherever_it_is(engine: Engine) -> None:
    engine.enqueue([message("a", "x"), message("b", "x"), message("c", "x", delay=5)])
    engine.enqueue([message("d", "y"), message("e", "xy")])
    claim = claim_one(engine, queue="x")
    assert engine.unfinished("x") == 3

    # A retry under the same id, and what it causes in another queue.
    again = message(claim.task_id, "x", delay=5)
    engine.commit("w1", [completion(claim, "RETRY", publish=(again, message("f", "y")))])
    assert (engine.unfinished("x"), engine.unfinished("y")) == (3, 2)
    assert engine.unfinished("unknown") == 0


def test_waiting_messages_are_shown_in_pages(engine: Engine) -> None:
    messages = [message(f"id{number}", priority=9 - number) for number in range(5)]
    engine.enqueue(messages)

    assert engine.waiting("default", 0, 2) == messages[:2]
    assert engine.waiting("default", 2, 2) == messages[2:4]
    assert engine.waiting("default", 4, 2) == messages[4:]
    assert engine.waiting("default", 5, 2) == []
    assert engine.waiting("unknown", 0, 2) == []


def test_a_page_of_nothing_is_empty(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b", delay=5)])
    engine.enqueue([message("c", "dead")])
    engine.commit("w1", [completion(claim_one(engine, queue="dead"), dead="{}")])

    assert engine.waiting("default", 0, 0) == []
    assert engine.delayed(0, 0) == []
    assert engine.dead_letters(0, 0) == []


def test_dead_letters_are_shown_in_pages_the_oldest_first(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in "bca"])
    for claim in claim_all(engine):
        engine.commit("w1", [completion(claim, "FAILURE", dead=f'"{claim.task_id}"')])
        clock.advance(10)

    assert [letter.key for letter in engine.dead_letters(0, 2)] == ["b", "c"]
    assert [letter.reason for letter in engine.dead_letters(2, 2)] == ['"a"']
    assert engine.dead_letters(3, 2) == []


def test_looking_changes_nothing(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b", delay=5)])
    for _ in range(2):
        engine.queues()
        engine.waiting("default", 0, 9)
        engine.delayed(0, 9)
        engine.workers()
        engine.held("w1")

    assert ids(engine.waiting("default", 0, 9)) == ["a"]
    assert ids(claim_all(engine)) == ["a"]


def test_the_store_names_itself(engine: Engine) -> None:
    name, _, version = engine.ping().partition(" ")

    assert name in ("memory", "Valkey", "Redis", "PostgreSQL")
    assert name == "memory" or version[0].isdigit()


def test_a_closed_engine_opens_again(engine: Engine) -> None:
    engine.enqueue([message("id")])
    engine.close()
    engine.close()

    assert ids(claim_all(engine)) == ["id"]


def test_delayed_messages_of_some_queues_are_shown_in_pages(engine: Engine) -> None:
    engine.enqueue(
        [message(f"id{n}", "even" if n % 2 == 0 else "odd", delay=n) for n in range(1, 9)]
    )

    def page(offset: int, *queues: str) -> list[str]:
        return ids(entry.envelope for entry in engine.delayed(offset, 2, queues))

    assert page(0, "even") == ["id2", "id4"]
    assert page(2, "even") == ["id6", "id8"]
    assert page(3, "even", "odd") == ["id4", "id5"]
    assert page(0, "unknown") == page(0) == []


def test_delayed_messages_are_found_behind_many_others(engine: Engine) -> None:
    engine.enqueue([message(f"id{n}", delay=n + 1) for n in range(1500)])
    engine.enqueue([message("last", "rare", delay=2000)])

    assert ids(entry.envelope for entry in engine.delayed(0, 5, ["rare"])) == ["last"]
    assert ids(entry.envelope for entry in engine.delayed(1499, 5, ["default"])) == ["id1499"]


def test_the_oldest_of_each_priority_are_found(engine: Engine) -> None:
    engine.enqueue([message(f"{name}{p}", priority=p) for name in "ab" for p in (0, 5, 9)])
    claim_one(engine)

    assert ids(engine.oldest("default")) == ["b9", "a5", "a0"]
    assert engine.oldest("unknown") == []


def test_what_a_worker_holds_is_shown_in_pages(engine: Engine) -> None:
    engine.enqueue([message(name) for name in "cab"])
    claim_all(engine, "w1")

    assert ids(engine.claimed("w1", 0, 2)) == ["a", "b"]
    assert ids(engine.claimed("w1", 2, 2)) == ["c"]
    assert engine.claimed("w1", 0, 0) == engine.claimed("w2", 0, 9) == []
