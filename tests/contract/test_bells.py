"""Doorbells: idle couriers are woken when there is work, one by one, and none in vain for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from taskhub.engine.port import Bell, Engine
from tests.contract.stage import Clock, claim_all, claim_one, ending, message, rings


@contextmanager
def ringing(bell: Bell, timeout: float = 10.0) -> Iterator[None]:
    """Check that what is done inside rings the bell of a courier that waits already."""
    rang: list[float] = []

    def wait() -> None:
        if bell.wait(timeout):
            rang.append(time.monotonic())

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.02)
    began = time.monotonic()
    yield
    waiting.join()
    assert rang, "nobody rang"
    # It was rung, and did not merely look by itself after its time.
    assert rang[0] - began < 1.5


def silence(engine: Engine, queue: str = "default") -> None:
    """Take the token of a bell."""
    rings(engine, queue)


def test_an_enqueue_rings(engine: Engine) -> None:
    with closing(engine.bell(["other", "default"])) as bell, ringing(bell):
        engine.enqueue([message("id")])


def test_a_delayed_message_rings_too(engine: Engine) -> None:
    """The courier must learn until when it may sleep."""
    with closing(engine.bell(["default"])) as bell, ringing(bell):
        engine.enqueue([message("id", delay=60_000)])


def test_a_bell_that_was_rung_before_is_heard(engine: Engine) -> None:
    engine.enqueue([message("id")])
    with closing(engine.bell(["default"])) as bell:
        assert bell.wait(10)


def test_a_bell_holds_one_token(engine: Engine) -> None:
    for number in range(5):
        engine.enqueue([message(f"id{number}")])

    assert rings(engine)
    assert not rings(engine)


def test_each_queue_has_its_bell(engine: Engine) -> None:
    engine.enqueue([message("id", "a")])

    assert not rings(engine, "b")
    assert rings(engine, "a")


def test_what_follows_from_an_ending_rings(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    silence(engine)

    engine.commit("w1", [ending(claim, publish=[message("next")])])

    assert rings(engine)


def test_what_is_claimed_with_the_ending_before_it_wakes_nobody(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    silence(engine)

    following = [message("next"), message("then")]
    done = engine.exchange("w1", [ending(claim, publish=following)], ["other", "default"], 3)

    assert done.batch is not None
    assert [claim.task_id for claim in done.batch.claims] == ["next", "then"]
    assert not rings(engine)


def test_what_is_left_behind_a_claim_with_an_ending_rings(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    silence(engine)

    following = [message("next"), message("left"), message("elsewhere", "other")]
    done = engine.exchange("w1", [ending(claim, publish=following)], ["default"], 1)

    assert done.batch is not None
    assert [claim.task_id for claim in done.batch.claims] == ["next"]
    assert rings(engine)
    assert rings(engine, "other")


def test_a_bell_that_was_rung_before_an_ending_keeps_ringing(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)

    engine.exchange("w1", [ending(claim, publish=[message("next")])], ["default"], 3)

    assert rings(engine)


def test_an_ending_without_consequences_is_silent(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    silence(engine)

    engine.commit("w1", [ending(claim)])

    assert not rings(engine)


def test_a_filled_claim_passes_the_bell_on(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b"), message("c")])
    silence(engine)

    claim_one(engine, "w1")
    assert rings(engine)
    engine.claim("w2", ["default"], 2)
    assert not rings(engine)


def test_a_claim_that_leaves_nothing_is_silent(engine: Engine) -> None:
    engine.enqueue([message("a")])
    silence(engine)

    claim_all(engine)

    assert not rings(engine)


def test_a_claim_of_nothing_passes_the_bell_on(engine: Engine) -> None:
    engine.enqueue([message("a")])
    silence(engine)

    engine.exchange("w1", (), ["default"], 0)
    assert rings(engine)
    claim_all(engine)
    engine.exchange("w1", (), ["default"], 0)

    assert not rings(engine)


def test_a_filled_claim_passes_on_what_is_due_soon(engine: Engine) -> None:
    engine.enqueue([message("a"), message("soon", delay=1000)])
    silence(engine)

    claim_one(engine)

    assert rings(engine)


def test_a_filled_claim_is_silent_about_what_is_far_off(engine: Engine) -> None:
    engine.enqueue([message("a"), message("later", delay=60_000)])
    silence(engine)

    claim_one(engine)

    assert not rings(engine)


def test_what_is_moved_for_other_queues_rings_there(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id", "a", delay=10)])
    silence(engine, "a")
    clock.advance(10)

    engine.claim("w1", ["b"], 5)

    assert rings(engine, "a")


def test_what_is_given_back_rings(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    silence(engine)
    engine.give_back("w1", ["id"])
    assert rings(engine)

    claim_one(engine, "w1")
    silence(engine)
    engine.reconcile("w1", [])
    assert rings(engine)


def test_what_the_dead_leave_behind_rings(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    silence(engine)

    engine.release("w1")

    assert rings(engine)


def test_a_wait_ends_in_time(engine: Engine) -> None:
    with closing(engine.bell(["default"])) as bell:
        began = time.monotonic()
        assert not bell.wait(0.05)
        assert 0.04 < time.monotonic() - began < 5.0
        assert not bell.wait(0.0)


def test_a_waiting_thread_is_woken(engine: Engine) -> None:
    with closing(engine.bell(["default"])) as bell:
        answers: list[bool] = []
        waiting = threading.Thread(target=lambda: answers.append(bell.wait(1.9)))
        began = time.monotonic()
        waiting.start()
        time.sleep(0.02)
        bell.wake()
        waiting.join()

        assert answers == [False]
        assert time.monotonic() - began < 1.8


def test_a_wake_up_before_the_wait_ends_it_at_once(engine: Engine) -> None:
    with closing(engine.bell(["default"])) as bell:
        bell.wake()
        bell.wake()
        began = time.monotonic()
        assert not bell.wait(1.9)
        assert time.monotonic() - began < 1.8
        assert not bell.wait(0.02)


def test_who_does_not_listen_takes_no_token(engine: Engine) -> None:
    engine.enqueue([message("id")])
    with closing(engine.bell(["default"])) as bell:
        assert not bell.wait(0.05, listen=False)

    assert rings(engine)


def test_a_bell_rings_again_and_again(engine: Engine) -> None:
    with closing(engine.bell(["default"])) as bell:
        for number in range(20):
            engine.enqueue([message(f"id{number}")])
            assert bell.wait(5)
            claim_all(engine)


def test_an_idle_bell_stays_alive(engine: Engine) -> None:
    """Longer than the server holds one wait."""
    with closing(engine.bell(["default"])) as bell:
        deadline = time.monotonic() + 2.5
        while time.monotonic() < deadline:
            bell.wait(0.5)
        with ringing(bell):
            engine.enqueue([message("id")])


def test_a_crowd_is_woken_one_by_one(engine: Engine) -> None:
    """Three wait, each takes one of three messages: the first ring reaches all of them in turn."""
    taken: list[str] = []

    def work(worker: str) -> None:
        with closing(engine.bell(["default"])) as bell:
            deadline = time.monotonic() + 1.5
            while time.monotonic() < deadline:
                claims = engine.claim(worker, ["default"], 1).claims
                if claims:
                    taken.append(claims[0].task_id)
                    return
                bell.wait(1.5)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    engine.enqueue([message(name) for name in "abc"])
    for thread in threads:
        thread.join()

    assert sorted(taken) == ["a", "b", "c"]


def test_close_may_be_repeated(engine: Engine) -> None:
    bell = engine.bell(["default"])
    bell.close()
    bell.close()
