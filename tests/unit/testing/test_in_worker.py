"""What tasks in a worker see of it, and tasks that are asked to stop."""

from __future__ import annotations

import threading
from typing import Any

from celery.contrib.abortable import ABORTED, AbortableAsyncResult, AbortableTask
from celery.worker import state
from celery.worker.request import Request
from taskhub import Celery
from taskhub.execution.request import Context
from taskhub.testing import InProcessWorker


def test_worker_state_shows_what_runs_and_what_waits(
    taskhub_app: Celery, taskhub_worker: InProcessWorker
) -> None:
    seen: list[Any] = []
    release, waiting = threading.Event(), threading.Event()

    @taskhub_app.task(bind=True)
    def look(self: Any) -> None:
        waiting.wait(30)
        held = state.reserved_requests
        seen.append([request.id for request in state.active_requests])
        seen.append(sorted(request.task_name for request in held))
        seen.append(next(iter(state.active_requests)) in held)
        seen.append(state.requests[self.request.id].task_name)
        seen.append(state.total_count[look.name])
        seen.append(state.all_total_count[0])
        release.wait(30)

    first = look.delay()
    # Nobody else takes it: the worker has one thread.
    second = look.delay()
    waiting.set()
    release.set()
    first.get(timeout=30)
    second.get(timeout=30)
    assert seen[0] == [first.id]
    assert look.name in seen[1]
    assert seen[2:5] == [True, look.name, 1]
    # `ping`, with which the worker was tried, and this one.
    assert seen[5] == 2


def test_worker_state_counts_what_it_is_told_of_by_hand() -> None:
    request = Request(Context(id="mine", task="t"))
    state.task_scheduled(request)
    assert request in state.scheduled_requests
    state.task_reserved(request)
    state.task_accepted(request)
    assert request not in state.scheduled_requests
    assert state.requests["mine"] == request
    assert set(state.active_requests) == state.active_requests & state.reserved_requests
    state.task_ready(request)
    assert len(state.reserved_requests) == len(state.active_requests) == 0
    assert state.all_total_count[0] == sum(state.total_count.values())


def test_revoked_ids_are_those_of_the_store(taskhub_app: Celery) -> None:
    assert "an id" not in state.revoked
    state.revoked.add("an id")
    assert "an id" in state.revoked
    assert list(state.revoked) == taskhub_app.engine.revoked(0, 10)


def test_abortable_task_stops_when_it_is_asked_to(
    taskhub_app: Celery, taskhub_worker: InProcessWorker
) -> None:
    running = threading.Event()

    @taskhub_app.task(bind=True, base=AbortableTask)
    def long(self: Any) -> str:
        running.set()
        for _ in range(3000):
            if self.is_aborted():
                return "aborted"
            threading.Event().wait(0.01)
        return "ran to its end"

    result = long.delay()
    assert running.wait(30)
    assert isinstance(result, AbortableAsyncResult)
    assert not result.is_aborted()
    result.abort()
    assert result.state in (ABORTED, "SUCCESS")
    assert result.get(timeout=30) == "aborted"
