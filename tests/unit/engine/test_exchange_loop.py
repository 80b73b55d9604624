"""The exchange loop on the engine in memory: what it carries, and what it does when calls fail."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue

import pytest

from taskhub import states
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.exchange_loop import ExchangeLoop
from taskhub.engine.dramatiq.fetcher import STALE
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.claims import Completion, Exchange, Suspects
from taskhub.exceptions import OperationalError
from taskhub.execution.outcomes import unrunnable
from taskhub.message import Envelope, encode_body
from taskhub.outcome import Outcome
from taskhub.serialization.json import register_type
from tests.support.workers import until

WORKER = "w1"


class FailingEngine(MemoryEngine):
    """Fails as often as it is told, before a call is served or after."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = 0
        self.lost_replies = 0
        self.refused_reconciliations = 0
        self.exchanges = 0
        self.unwritable: str | None = None

    def exchange(
        self,
        worker: str,
        completions: Sequence[Completion],
        queues: Sequence[str],
        limit: int | None,
        suspects: Suspects = "all",
    ) -> Exchange:
        self.exchanges += 1
        if any(
            completion.outcome.document == self.unwritable is not None for completion in completions
        ):
            raise ValueError("this cannot be written")
        if self.refused:
            self.refused -= 1
            raise OperationalError("the store is away")
        reply = super().exchange(worker, completions, queues, limit, suspects)
        if self.lost_replies and (completions or (reply.batch and reply.batch.claims)):
            self.lost_replies -= 1
            raise OperationalError("the reply was lost")
        return reply

    def reconcile(self, worker: str, held: Sequence[str]) -> list[str]:
        if self.refused_reconciliations:
            self.refused_reconciliations -= 1
            raise OperationalError("the store is still away")
        return super().reconcile(worker, held)


@pytest.fixture
def engine() -> FailingEngine:
    return FailingEngine()


class HandedOver(ExchangeLoop):
    """Keeps what it hands over in `ready`, from where `take` takes it."""

    def __init__(
        self,
        engine: MemoryEngine,
        threads: int,
        withdraw: Callable[[], Iterable[Delivery]] | None = None,
    ) -> None:
        self.ready: SimpleQueue[Delivery] = SimpleQueue()
        #: Whether there is somebody to hand messages over to.
        self.is_attended = True
        super().__init__(
            engine,
            WORKER,
            threads,
            hand_over=self._put,
            withdraw=withdraw or self.waiting,
            reject=unrunnable,
        )

    def _put(self, delivery: Delivery) -> bool:
        if self.is_attended:
            self.ready.put(delivery)
        return self.is_attended

    def waiting(self) -> list[Delivery]:
        """Take what no thread has taken."""
        found: list[Delivery] = []
        while True:
            try:
                found.append(self.ready.get_nowait())
            except Empty:
                return found


@pytest.fixture
def make(engine: FailingEngine) -> Iterator[Callable[..., HandedOver]]:
    """Return a function that starts an exchange loop: (threads)."""
    made: list[HandedOver] = []

    def start(threads: int = 2) -> HandedOver:
        exchange_loop = HandedOver(engine, threads)
        made.append(exchange_loop)
        exchange_loop.add_queue("default")
        exchange_loop.start()
        return exchange_loop

    yield start
    for exchange_loop in made:
        exchange_loop.finish(5.0)
        assert not exchange_loop.is_alive()


def message(task_id: str, **fields: int) -> Envelope:
    body = {"actor_name": "task", "args": [], "kwargs": {}, "options": {}}
    return Envelope(task_id, "default", 5, encode_body(body), **fields)


def take(exchange_loop: HandedOver) -> Delivery:
    """Take a message as a thread does."""
    delivery = exchange_loop.ready.get(timeout=10)
    exchange_loop.note_start()
    return delivery


def end(
    exchange_loop: ExchangeLoop, delivery: Delivery, *publish: Envelope, document: str = "{}"
) -> None:
    state = states.RETRY if publish else states.SUCCESS
    outcome = Outcome(delivery.claim.task_id, state, document, None, publish)
    exchange_loop.complete(delivery, outcome, 0.001)


def test_it_brings_messages_and_commits_completions(
    engine: FailingEngine, make: Callable[..., HandedOver]
) -> None:
    exchange_loop = make()
    engine.enqueue([message("a")])
    end(exchange_loop, take(exchange_loop))
    until(lambda: engine.documents(["a"])[0], "the document")
    until(lambda: exchange_loop.held_count == 0, "the end of the claim")
    assert engine.held(WORKER) == {}


def test_it_waits_for_what_is_delayed(
    engine: FailingEngine, make: Callable[..., HandedOver]
) -> None:
    exchange_loop = make()
    began = time.monotonic()
    engine.enqueue([message("later", delay=200)])
    assert take(exchange_loop).message_id == "later"
    assert 0.19 < time.monotonic() - began < 5.0


def test_what_cannot_be_opened_fails_and_is_not_counted_as_work(
    engine: FailingEngine, make: Callable[..., HandedOver]
) -> None:
    exchange_loop = make()
    engine.enqueue([Envelope("odd", "default", 5, b"odd")])
    until(lambda: engine.documents(["odd"])[0], "the failure")
    assert [letter.key for letter in engine.dead_letters(0, 10)] == ["odd"]
    assert exchange_loop.prefetch.target == 2


@pytest.mark.parametrize("refused_reconciliations", [0, 2])
def test_a_claim_whose_reply_was_lost_comes_again(
    engine: FailingEngine, make: Callable[..., HandedOver], refused_reconciliations: int
) -> None:
    engine.lost_replies = 1
    engine.refused_reconciliations = refused_reconciliations
    exchange_loop = make()
    engine.enqueue([message("a")])
    delivery = take(exchange_loop)
    assert delivery.message_id == "a"
    # It does not count as a delivery.
    assert delivery.claim.delivery == 1


def test_a_completion_whose_reply_was_lost_is_written_once(
    engine: FailingEngine, make: Callable[..., HandedOver], caplog: pytest.LogCaptureFixture
) -> None:
    exchange_loop = make(threads=1)
    engine.enqueue([message("a")])
    first = take(exchange_loop)
    engine.lost_replies = 1
    # The next try is claimed in the same trip, under the same key, and its reply is lost with the
    # rest.
    end(exchange_loop, first, message("a"))
    second = take(exchange_loop)
    assert second.claim.token != first.claim.token
    end(exchange_loop, second)
    until(lambda: engine.held(WORKER) == {}, "the end of all claims")
    assert engine.queues()["default"].ready == 0
    assert "had been taken away" not in caplog.text


def test_a_completion_that_was_taken_away_is_refused_and_the_rest_given_back(
    engine: FailingEngine, make: Callable[..., HandedOver], caplog: pytest.LogCaptureFixture
) -> None:
    exchange_loop = make(threads=2)
    engine.enqueue([message("a"), message("b")])
    first = take(exchange_loop)
    until(lambda: exchange_loop.held_count == 2, "both messages")
    engine.reclaim(WORKER)
    end(exchange_loop, first, document='{"mine": true}')
    until(lambda: "had been taken away" in caplog.text, "the refusal")
    until(lambda: exchange_loop.ready.qsize() == 2, "both messages again")
    assert {take(exchange_loop).claim.delivery for _ in range(2)} == {2}
    assert engine.documents(["a"]) == [None]


def test_a_completion_that_cannot_be_written_fails_alone(
    engine: FailingEngine, make: Callable[..., HandedOver]
) -> None:
    exchange_loop = make(threads=4)
    engine.unwritable = "unwritable"
    engine.enqueue([message(name) for name in "abc"])
    deliveries = {
        delivery.message_id: delivery for delivery in (take(exchange_loop) for _ in range(3))
    }
    for name, document in (("a", "{}"), ("b", "unwritable"), ("c", "{}")):
        end(exchange_loop, deliveries[name], document=document)
    until(lambda: None not in engine.documents("abc"), "all documents")
    assert b"this cannot be written" in (engine.documents("b")[0] or b"")
    until(lambda: engine.held(WORKER) == {}, "the end of all claims")


def test_it_does_not_run_hot_while_the_store_is_away(
    engine: FailingEngine, make: Callable[..., HandedOver], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    engine.refused = 4
    engine.enqueue([message("a")])
    began = time.monotonic()
    exchange_loop = make()
    assert take(exchange_loop).message_id == "a"
    # 0.1, 0.2, 0.4 and 0.8 s, half of that at least.
    assert time.monotonic() - began > 0.7
    assert caplog.text.count("trying again in") == 4
    until(lambda: "the store answers again" in caplog.text, "the good news")


def test_messages_that_no_thread_takes_go_back(
    engine: FailingEngine, make: Callable[..., HandedOver]
) -> None:
    exchange_loop = make(threads=1)
    exchange_loop.prefetch.observe(0.000_001)
    engine.enqueue([message(name) for name in "abcd"])
    first = take(exchange_loop)
    until(lambda: engine.queues()["default"].ready == 3, "the others to go back")
    assert [envelope.task_id for envelope in engine.waiting("default", 0, 9)] == ["b", "c", "d"]
    end(exchange_loop, first)
    assert take(exchange_loop).message_id == "b"


def test_what_is_held_goes_back_at_the_end(
    engine: FailingEngine, make: Callable[..., HandedOver]
) -> None:
    exchange_loop = make(threads=3)
    engine.enqueue([message(name) for name in "abc"])
    first = take(exchange_loop)
    until(lambda: exchange_loop.held_count == 3, "three messages")
    exchange_loop.stop_claiming()
    end(exchange_loop, first)
    exchange_loop.finish(5.0)
    assert [envelope.task_id for envelope in engine.waiting("default", 0, 9)] == ["b", "c"]
    assert engine.held(WORKER) == {}


def test_it_ends_though_the_store_is_away(
    engine: FailingEngine, make: Callable[..., HandedOver]
) -> None:
    exchange_loop = make()
    until(lambda: engine.exchanges, "its first look")
    engine.refused_reconciliations = 1000
    began = time.monotonic()
    exchange_loop.finish(30.0)
    assert not exchange_loop.is_alive()
    assert time.monotonic() - began < 5


def test_a_exchange_loop_without_queues_does_not_listen(engine: FailingEngine) -> None:
    exchange_loop = HandedOver(engine, 1, withdraw=list)
    exchange_loop.start()
    engine.enqueue([message("a")])
    exchange_loop.add_queue("default")
    assert take(exchange_loop).message_id == "a"
    exchange_loop.finish(5.0)


def test_queues_that_are_served_from_many_threads_are_all_served(engine: FailingEngine) -> None:
    from concurrent.futures import ThreadPoolExecutor

    exchange_loop = HandedOver(engine, 1, withdraw=list)
    names = [f"queue-{number}" for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(exchange_loop.add_queue, names + names))
    assert sorted(exchange_loop.queues) == sorted(names)


def test_a_ring_that_was_taken_at_the_end_is_passed_on(
    engine: FailingEngine, make: Callable[..., HandedOver]
) -> None:
    exchange_loop = make()
    exchange_loop.stop_claiming()
    engine.enqueue([message("a")])
    assert engine.notifier(["default"]).wait(5)

    exchange_loop.finish(5.0)

    assert engine.notifier(["default"]).wait(0)


class Slow:
    """What takes longer to read than messages may wait for a thread."""


def test_the_time_that_it_takes_to_open_a_message_is_no_time_that_it_has_waited(
    engine: FailingEngine,
) -> None:
    opened: list[float] = []
    withdrawn: list[float] = []

    def read(_: object) -> Slow:
        time.sleep(3 * STALE)
        opened.append(time.monotonic())
        return Slow()

    def withdraw() -> list[Delivery]:
        withdrawn.append(time.monotonic())
        return []

    register_type(Slow, "slow", lambda _: "", read)
    body = {"actor_name": "task", "args": [Slow()], "kwargs": {}, "options": {}}
    engine.enqueue([Envelope("a", "default", 5, encode_body(body))])
    exchange_loop = HandedOver(engine, 1, withdraw=withdraw)
    exchange_loop.add_queue("default")
    exchange_loop.start()

    until(lambda: withdrawn, "it to be found waiting")

    # Nobody took it, so it is given back, but not before it has waited for a thread.
    assert withdrawn[0] - opened[0] >= STALE
    exchange_loop.finish(5.0)


def test_what_cannot_be_handed_over_goes_back(
    engine: FailingEngine, make: Callable[..., HandedOver]
) -> None:
    exchange_loop = make()
    exchange_loop.is_attended = False
    engine.enqueue([message("a")])
    until(lambda: engine.exchanges > 3, "some tries")
    exchange_loop.is_attended = True
    delivery = take(exchange_loop)
    assert delivery.claim.delivery == 1
    end(exchange_loop, delivery)
    until(lambda: engine.held(WORKER) == {}, "the end of the claim")
