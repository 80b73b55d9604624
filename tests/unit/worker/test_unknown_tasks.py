"""Messages for tasks that are not registered: who is asked, how long they rest, and when they are given up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.rules import EngineRules
from taskhub.exceptions import OperationalError
from taskhub.message import Envelope, decode_body, encode_body
from taskhub.worker.leases.worker_info import WorkerInfo
from taskhub.worker.unknown_tasks import (
    OPTION,
    LiveWorkers,
    Requeues,
    UnknownTasks,
    lost_deliveries,
)

GRACE = 10.0


class Clock:
    """The engine's clock, ms."""

    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> MemoryEngine:
    return MemoryEngine(EngineRules(), clock=clock)


@pytest.fixture
def unknown(engine: MemoryEngine) -> UnknownTasks:
    return UnknownTasks(LiveWorkers(lambda: engine), lambda: GRACE)


def register_worker(engine: MemoryEngine, *tasks: str, queue: str = "default") -> None:
    engine.renew(["other"], 60_000)
    worker_info = WorkerInfo("other@host", "host", 1, 1, (queue,), 1, 0.0, tasks=tasks)
    assert engine.register_worker("other", worker_info.to_text())


def claimed(engine: MemoryEngine, **options: Any) -> Delivery:
    """Enqueue a message for the task `there`, and claim it."""
    fields = {"actor_name": "there", "args": [1], "kwargs": {}, "options": options}
    engine.enqueue([Envelope("id", "default", 7, encode_body(fields))])
    (claim,) = engine.claim("w1", ["default"], 1).claims
    return Delivery(claim)


def requeued(unknown: UnknownTasks, delivery: Delivery) -> Envelope:
    outcome = unknown.requeue(delivery)
    assert outcome is not None
    assert (outcome.document, outcome.dead) == (None, None)
    (message,) = outcome.publish
    return message


def test_a_message_is_left_to_a_live_worker_that_knows_its_task(
    engine: MemoryEngine, unknown: UnknownTasks
) -> None:
    register_worker(engine, "there")
    options: dict[str, Any] = {"headers": {"lang": "py"}}
    rests = []
    for times in range(1, 12):
        delivery = claimed(engine, **options)
        message = requeued(unknown, delivery)
        assert (message.task_id, message.queue, message.priority) == ("id", "default", 7)
        options = decode_body(message.body)["options"]
        assert options["headers"] == {"lang": "py"}
        assert Requeues.from_options(options)[:3] == (0, times, 0)
        rests.append(message.delay)
        engine.purge("default")
        engine.reconcile("w1", ())
        engine.purge("default")
    assert rests[0] < 150
    assert 1000 < max(rests) <= 2500


@pytest.mark.parametrize("where", [("elsewhere", "there"), ("default", "other")])
def test_it_is_given_up_after_the_grace_if_nobody_knows_it(
    engine: MemoryEngine, unknown: UnknownTasks, where: tuple[str, str]
) -> None:
    queue, task = where
    register_worker(engine, task, queue=queue)
    options: dict[str, Any] = {}
    rested = 0.0
    for _ in range(30):
        delivery = claimed(engine, **options)
        outcome = unknown.requeue(delivery)
        engine.reconcile("w1", ())
        engine.purge("default")
        if outcome is None:
            break
        options = decode_body(outcome.publish[0].body)["options"]
        rested += outcome.publish[0].delay
    assert outcome is None
    assert 0.7 * GRACE < rested / 1000 < 2 * GRACE


def test_the_grace_begins_anew_when_the_worker_that_knew_it_is_gone(
    engine: MemoryEngine, unknown: UnknownTasks
) -> None:
    register_worker(engine, "there")
    message = requeued(unknown, claimed(engine, **{OPTION: [8, 3, 0, 0]}))
    assert Requeues.from_options(decode_body(message.body)["options"])[:2] == (0, 4)


def test_what_was_lost_with_its_workers_is_remembered(
    engine: MemoryEngine, unknown: UnknownTasks
) -> None:
    register_worker(engine, "there")
    delivery = claimed(engine)
    engine.reclaim("w1")
    (claim,) = engine.claim("w1", ["default"], 1).claims
    assert claim.delivery == 2
    message = requeued(unknown, Delivery(claim))
    assert lost_deliveries(decode_body(message.body)["options"]) == 1
    assert lost_deliveries(delivery.options) == 0
    assert lost_deliveries({OPTION: [0, 1, 4, 1]}) == 0, "long ago: a dead letter that is retried"


@pytest.mark.parametrize("told", ["x", [1], [1, 2, "3", 4], [-1, 0, 0, 0], None, {"a": 1}])
def test_any_value_of_the_option_is_taken(told: Any) -> None:
    assert Requeues.from_options({OPTION: told}) == Requeues()


def test_the_store_is_asked_once_in_a_while_and_told_of_once(
    engine: MemoryEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    worker_infos: Callable[[], dict[str, bytes]] = engine.worker_infos
    monkeypatch.setattr(engine, "worker_infos", lambda: asked.append(1) or worker_infos())
    unknown = UnknownTasks(LiveWorkers(lambda: engine), lambda: GRACE)
    delivery = claimed(engine)
    with caplog.at_level(logging.INFO):
        for _ in range(100):
            assert unknown.requeue(delivery) is not None
    assert len(asked) == 1
    (line,) = [record.getMessage() for record in caplog.records]
    assert "task there of queue default" in line
    assert "task_unknown_grace" in line


def test_it_is_put_back_while_the_store_is_out_of_reach(
    engine: MemoryEngine, unknown: UnknownTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> dict[str, bytes]:
        raise OperationalError("no route")

    delivery = claimed(engine)
    monkeypatch.setattr(engine, "worker_infos", fail)
    assert requeued(unknown, delivery).body == delivery.claim.body
