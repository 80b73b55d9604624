"""What a worker leaves of tasks that have ended: their history, and the messages of failed ones."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest

from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.history import HistoryEntry
from taskhub.exceptions import Ignore, Reject
from taskhub.history import read_history_record
from tests.support.workers import until

Work = Callable[[], None]


def ended(engine: MemoryEngine, *task_ids: str) -> list[HistoryEntry]:
    """Wait until these tasks are part of the history, and return their entries."""
    until(lambda: None not in engine.history.entries(task_ids), f"{task_ids} have ended", 10)
    return [entry for entry in engine.history.entries(task_ids) if entry is not None]


def settled(engine: MemoryEngine, task_id: str) -> None:
    """Wait until no message of a task is left."""
    until(lambda: not engine.unfinished("default"), f"{task_id} is processed", 10)


def test_a_task_that_succeeds(app: Celery, engine: MemoryEngine, work: Work) -> None:
    @app.task(name="pay", ignore_result=True)
    def pay(order: int, password: str = "", **options: Any) -> None:
        time.sleep(0.02)

    before = int(time.time() * 1000)
    result = pay.apply_async((17, "p-1"), {"card_number": "c-1", "note": "x"}, priority=7)
    work()
    (entry,) = ended(engine, result.id)
    assert (entry.task, entry.state) == ("pay", "SUCCESS")
    assert "p-1" not in entry.record
    assert "c-1" not in entry.record
    record = read_history_record(entry.record)
    assert record.arguments == "order=17, password=[hidden], card_number=[hidden], note='x'"
    assert (record.queue, record.priority) == ("default", 7)
    assert (record.retries, record.deliveries, record.error) == (0, 1, None)
    assert record.worker == app.broker.nodename
    assert record.sent_at is not None
    assert record.started_at is not None
    assert record.ran is not None
    assert record.waited is not None
    assert before <= record.sent_at <= record.started_at <= entry.ended_at
    assert 0.02 <= record.ran < 5
    assert 0 <= record.waited < 5
    assert engine.history.failed_count() == 0


def test_a_task_that_fails_is_kept_and_runs_again(
    app: Celery, engine: MemoryEngine, work: Work
) -> None:
    broken = [True]

    @app.task(name="charge", bind=True, max_retries=1)
    def charge(self: Any, order: int) -> str:
        if not broken:
            return "paid"
        if self.request.retries == 0:
            raise self.retry(countdown=0)
        raise ValueError(f"order {order}\nis unknown")

    result = charge.delay(17)
    work()
    (entry,) = ended(engine, result.id)
    record = read_history_record(entry.record)
    assert (entry.state, record.error, record.message) == (
        *("FAILURE", "ValueError", "order 17 is unknown"),
    )
    assert record.retries == 1
    (letter,) = engine.history.failed(0, 10)
    assert letter.key == result.id
    assert json.loads(letter.reason) == {
        "reason": "ValueError",
        "detail": "order 17 is unknown",
        "traceback": None,
    }
    assert engine.dead_count() == 0
    broken.clear()
    assert engine.history.retry_failed([result.id]) == [result.id]
    (entry,) = ended(engine, result.id)
    assert entry.state == "SUCCESS"
    assert engine.history.count() == 1


def test_a_failed_link_that_runs_again_goes_on_with_its_chain(
    app: Celery, engine: MemoryEngine, work: Work
) -> None:
    broken = [True]

    @app.task(name="first")
    def first() -> int:
        if broken:
            raise ValueError("not now")
        return 1

    @app.task(name="add")
    def add(number: int, more: int) -> int:
        return number + more

    from taskhub import chain

    # Long enough that its links are stored apart.
    result = chain(first.s(), *(add.s(1) for _ in range(60)))()
    links = [result]
    while links[-1].parent is not None:
        links.append(links[-1].parent)
    work()
    ended(engine, links[-1].id)
    settled(engine, links[-1].id)
    broken.clear()
    assert engine.history.retry_failed([links[-1].id]) == [links[-1].id]
    # Anew each time: a result that was read keeps its failure.
    until(lambda: app.AsyncResult(result.id).state == "SUCCESS", "the chain has ended", 20)
    assert app.AsyncResult(result.id).get(timeout=1) == 61


def test_what_has_not_ended_or_leaves_no_state_is_left_out(
    app: Celery, engine: MemoryEngine, work: Work
) -> None:
    @app.task(name="skip")
    def skip() -> None:
        raise Ignore

    @app.task(name="refuse")
    def refuse() -> None:
        raise Reject("no", requeue=False)

    skipped, refused = skip.delay(), refuse.delay()
    work()
    (entry,) = ended(engine, refused.id)
    settled(engine, skipped.id)
    assert engine.history.entries([skipped.id]) == [None]
    # Its message is a dead letter.
    assert (entry.state, engine.dead_count(), engine.history.failed_count()) == ("FAILURE", 1, 0)


def test_a_task_that_is_revoked(app: Celery, engine: MemoryEngine, work: Work) -> None:
    @app.task(name="late")
    def late() -> None: ...

    result = late.apply_async(expires=-1)
    work()
    (entry,) = ended(engine, result.id)
    record = read_history_record(entry.record)
    assert (entry.state, record.ran, record.started_at) == ("REVOKED", None, None)


def test_texts_of_arguments_that_the_caller_names_win(
    app: Celery, engine: MemoryEngine, work: Work
) -> None:
    @app.task(name="call")
    def call(*args: Any, **kwargs: Any) -> None: ...

    both = call.apply_async((1,), {"a": 2}, argsrepr="(one)", kwargsrepr="{'a': two}")
    one = call.apply_async((1,), {"a": 2, "password": "p"}, argsrepr="(one)")
    work()
    shown = [
        read_history_record(entry.record).arguments for entry in ended(engine, both.id, one.id)
    ]
    assert shown == ["(one), {'a': two}", "(one), a=2, password=[hidden]"]


def test_a_native_actor(app: Celery, engine: MemoryEngine, work: Work) -> None:
    @dramatiq.actor(broker=app.broker, max_retries=0)
    def native(number: int, token: str) -> None:
        raise ValueError("bad")

    sent = native.send(1, "t-1")
    work()
    (entry,) = ended(engine, sent.message_id)
    record = read_history_record(entry.record)
    assert (entry.task, entry.state) == ("native", "FAILURE")
    assert (record.arguments, record.error) == ("number=1, token=[hidden]", "ValueError")


@pytest.mark.parametrize("setting", ["history_limit", "history_expires"])
def test_the_history_is_switched_off(
    app: Celery, engine: MemoryEngine, work: Work, setting: str
) -> None:
    from dataclasses import replace

    from taskhub.app.stores import engine_rules

    app.conf[setting] = 0
    app.conf.failed_limit = 0
    rules = engine_rules(app.conf)
    assert not rules.keeps_history
    engine.rules = replace(engine.rules, history_limit=rules.history_limit)
    engine.rules = replace(engine.rules, history_ttl=rules.history_ttl, failed_limit=0)

    @app.task(name="fail")
    def fail() -> None:
        raise ValueError("bad")

    result = fail.delay()
    work()
    until(lambda: result.state == "FAILURE", "the task has failed", 10)
    settled(engine, result.id)
    assert engine.history.count() == engine.history.failed_count() == 0
