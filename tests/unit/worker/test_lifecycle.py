"""Executions in Dramatiq's worker on the store in memory: what fails around a body leaves nobody waiting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.canvas.consequences import Participation
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.claims import Claim
from taskhub.exceptions import OperationalError
from taskhub.message import Envelope, encode_body
from tests.support.workers import until


class FailingEngine(MemoryEngine):
    """Refuses as many calls as it is told."""

    refused_states = 0
    refused_acknowledgements = 0

    def store_state(self, task_id: str, *arguments: Any, **options: Any) -> bool:
        if self.refused_states:
            self.refused_states -= 1
            raise OperationalError("the store is away")
        return super().store_state(task_id, *arguments, **options)

    def acknowledge(self, worker: str, claim: Claim) -> bool:
        if self.refused_acknowledgements:
            self.refused_acknowledgements -= 1
            raise OperationalError("the store is away")
        return super().acknowledge(worker, claim)


@pytest.fixture
def engine() -> FailingEngine:
    return FailingEngine()


def test_a_state_that_cannot_be_told_does_not_fail_the_task(
    app: Celery, engine: FailingEngine, work: Callable[[], None]
) -> None:
    @app.task(track_started=True)
    def tracked() -> str:
        return "done"

    engine.refused_states = 1
    work()
    assert tracked.delay().get(timeout=10) == "done"


def test_what_cannot_be_acknowledged_early_is_put_back_and_not_begun(
    app: Celery, engine: FailingEngine, work: Callable[[], None]
) -> None:
    runs: list[int] = []

    @app.task(acks_late=False)
    def once() -> None:
        runs.append(engine.refused_acknowledgements)

    engine.refused_acknowledgements = 2
    work()
    once.delay().get(timeout=10)
    assert runs == [0]


def test_an_ending_that_cannot_be_decided_is_a_failure(
    app: Celery, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    @app.task
    def fail() -> None:
        raise ValueError("broken")

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise RuntimeError("no consequences today")

    monkeypatch.setattr(Participation, "consequences", refuse)
    work()
    error = fail.delay().get(timeout=10, propagate=False)
    assert str(error) == "no consequences today"


def test_a_request_that_cannot_be_made_is_a_failure(
    app: Celery, engine: FailingEngine, work: Callable[[], None]
) -> None:
    runs: list[int] = []

    @app.task(name="append")
    def append() -> None:
        runs.append(1)

    fields = {
        "queue_name": "default",
        "actor_name": "append",
        "args": [],
        "kwargs": {},
        "options": {"expires": "some day"},
        "message_id": "id",
        "message_timestamp": 0,
    }
    work()
    engine.enqueue([Envelope("id", "default", 5, encode_body(fields))])
    result = app.AsyncResult("id")
    assert "some day" in str(result.get(timeout=10, propagate=False))
    assert result.state == states.FAILURE
    assert runs == []


def test_a_handler_that_fails_changes_no_ending(app: Celery, work: Callable[[], None]) -> None:
    class Broken(app.Task):  # type: ignore[name-defined,misc]
        def on_success(self, *_arguments: Any) -> None:
            raise RuntimeError("broken handler")

    @app.task(base=Broken)
    def fine() -> str:
        return "fine"

    work()
    assert fine.delay().get(timeout=10) == "fine"


def test_what_is_sent_while_a_task_runs_leaves_at_once(
    app: Celery, engine: FailingEngine, work: Callable[[], None]
) -> None:
    @app.task
    def second() -> str:
        return "second"

    @app.task
    def first() -> str:
        return str(second.delay().get(timeout=10, disable_sync_subtasks=False))

    work()
    assert first.delay().get(timeout=10) == "second"
    until(lambda: not any(engine.held(name) for name in engine.workers()), "the end of all claims")
