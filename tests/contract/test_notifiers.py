"""Notifiers: idle exchange loops are woken when there is work, one by one, and none in vain for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.notifier import Notifier
from tests.contract.stage import Clock, claim_all, claim_one, completion, is_notified, message


@contextmanager
def ringing(notifier: Notifier, timeout: float = 10.0) -> Iterator[None]:
    """Check that what is done inside is_notified the notifier of an exchange loop that waits already."""
    rang: list[float] = []

    def wait() -> None:
        if notifier.wait(timeout):
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
    """Take the token of a notifier."""
    is_notified(engine, queue)


def test_an_enqueue_rings(engine: Engine) -> None:
    with closing(engine.notifier(["other", "default"])) as notifier, ringing(notifier):
        engine.enqueue([message("id")])


def test_a_delayed_message_rings_too(engine: Engine) -> None:
    """The exchange loop must learn until when it may sleep."""
    with closing(engine.notifier(["default"])) as notifier, ringing(notifier):
        engine.enqueue([message("id", delay=60_000)])


def test_a_notifier_that_was_rung_before_is_heard(engine: Engine) -> None:
    engine.enqueue([message("id")])
    with closing(engine.notifier(["default"])) as notifier:
        assert notifier.wait(10)


def test_a_notifier_holds_one_token(engine: Engine) -> None:
    for number in range(5):
        engine.enqueue([message(f"id{number}")])

    assert is_notified(engine)
    assert not is_notified(engine)


def test_each_queue_has_its_notifier(engine: Engine) -> None:
    engine.enqueue([message("id", "a")])

    assert not is_notified(engine, "b")
    assert is_notified(engine, "a")


def test_what_follows_from_a_completion_rings(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    silence(engine)

    engine.commit("w1", [completion(claim, publish=[message("next")])])

    assert is_notified(engine)


def test_what_is_claimed_with_the_completion_before_it_wakes_nobody(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    silence(engine)

    following = [message("next"), message("then")]
    done = engine.exchange("w1", [completion(claim, publish=following)], ["other", "default"], 3)

    assert done.batch is not None
    assert [claim.task_id for claim in done.batch.claims] == ["next", "then"]
    assert not is_notified(engine)


def test_what_is_left_behind_a_claim_with_a_completion_rings(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    silence(engine)

    following = [message("next"), message("left"), message("elsewhere", "other")]
    done = engine.exchange("w1", [completion(claim, publish=following)], ["default"], 1)

    assert done.batch is not None
    assert [claim.task_id for claim in done.batch.claims] == ["next"]
    assert is_notified(engine)
    assert is_notified(engine, "other")


def test_a_notifier_that_was_rung_before_a_completion_keeps_ringing(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)

    engine.exchange("w1", [completion(claim, publish=[message("next")])], ["default"], 3)

    assert is_notified(engine)


def test_a_completion_without_consequences_is_silent(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    silence(engine)

    engine.commit("w1", [completion(claim)])

    assert not is_notified(engine)


def test_a_filled_claim_passes_the_notifier_on(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b"), message("c")])
    silence(engine)

    claim_one(engine, "w1")
    assert is_notified(engine)
    engine.claim("w2", ["default"], 2)
    assert not is_notified(engine)


def test_a_claim_that_leaves_nothing_is_silent(engine: Engine) -> None:
    engine.enqueue([message("a")])
    silence(engine)

    claim_all(engine)

    assert not is_notified(engine)


def test_a_claim_of_nothing_passes_the_notifier_on(engine: Engine) -> None:
    engine.enqueue([message("a")])
    silence(engine)

    engine.exchange("w1", (), ["default"], 0)
    assert is_notified(engine)
    claim_all(engine)
    engine.exchange("w1", (), ["default"], 0)

    assert not is_notified(engine)


def test_a_filled_claim_passes_on_what_is_due_soon(engine: Engine) -> None:
    engine.enqueue([message("a"), message("soon", delay=1000)])
    silence(engine)

    claim_one(engine)

    assert is_notified(engine)


def test_a_filled_claim_is_silent_about_what_is_far_off(engine: Engine) -> None:
    engine.enqueue([message("a"), message("later", delay=60_000)])
    silence(engine)

    claim_one(engine)

    assert not is_notified(engine)


def test_what_is_moved_for_other_queues_rings_there(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id", "a", delay=10)])
    silence(engine, "a")
    clock.advance(10)

    engine.claim("w1", ["b"], 5)

    assert is_notified(engine, "a")


def test_what_is_given_back_rings(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    silence(engine)
    engine.requeue("w1", ["id"])
    assert is_notified(engine)

    claim_one(engine, "w1")
    silence(engine)
    engine.reconcile("w1", [])
    assert is_notified(engine)


def test_what_the_dead_leave_behind_rings(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    silence(engine)

    engine.reclaim("w1")

    assert is_notified(engine)


def test_a_wait_ends_in_time(engine: Engine) -> None:
    with closing(engine.notifier(["default"])) as notifier:
        began = time.monotonic()
        assert not notifier.wait(0.05)
        assert 0.04 < time.monotonic() - began < 5.0
        assert not notifier.wait(0.0)


def test_a_waiting_thread_is_woken(engine: Engine) -> None:
    with closing(engine.notifier(["default"])) as notifier:
        answers: list[bool] = []
        waiting = threading.Thread(target=lambda: answers.append(notifier.wait(1.9)))
        began = time.monotonic()
        waiting.start()
        time.sleep(0.02)
        notifier.interrupt()
        waiting.join()

        assert answers == [False]
        assert time.monotonic() - began < 1.8


def test_a_wake_up_before_the_wait_ends_it_at_once(engine: Engine) -> None:
    with closing(engine.notifier(["default"])) as notifier:
        notifier.interrupt()
        notifier.interrupt()
        began = time.monotonic()
        assert not notifier.wait(1.9)
        assert time.monotonic() - began < 1.8
        assert not notifier.wait(0.02)


def test_who_does_not_listen_takes_no_token(engine: Engine) -> None:
    engine.enqueue([message("id")])
    with closing(engine.notifier(["default"])) as notifier:
        assert not notifier.wait(0.05, listen=False)

    assert is_notified(engine)


def test_a_notifier_rings_again_and_again(engine: Engine) -> None:
    with closing(engine.notifier(["default"])) as notifier:
        for number in range(20):
            engine.enqueue([message(f"id{number}")])
            assert notifier.wait(5)
            claim_all(engine)


def test_an_idle_notifier_stays_alive(engine: Engine) -> None:
    """Longer than the server holds one wait."""
    with closing(engine.notifier(["default"])) as notifier:
        deadline = time.monotonic() + 2.5
        while time.monotonic() < deadline:
            notifier.wait(0.5)
        with ringing(notifier):
            engine.enqueue([message("id")])


def test_a_crowd_is_woken_one_by_one(engine: Engine) -> None:
    """Three wait, each takes one of three messages: the first ring reaches all of them in turn."""
    taken: list[str] = []

    def work(worker: str) -> None:
        with closing(engine.notifier(["default"])) as notifier:
            deadline = time.monotonic() + 1.5
            while time.monotonic() < deadline:
                claims = engine.claim(worker, ["default"], 1).claims
                if claims:
                    taken.append(claims[0].task_id)
                    return
                notifier.wait(1.5)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    engine.enqueue([message(name) for name in "abc"])
    for thread in threads:
        thread.join()

    assert sorted(taken) == ["a", "b", "c"]


def test_close_may_be_repeated(engine: Engine) -> None:
    notifier = engine.notifier(["default"])
    notifier.close()
    notifier.close()
