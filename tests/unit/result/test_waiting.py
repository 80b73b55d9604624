"""Waiting for a single result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.exceptions import TimeoutError
from taskhub.result import AsyncResult, GroupResult

Call = Callable[..., None]


def followers(app: Celery) -> int:
    """Return how many ids somebody follows."""
    return len(app.engine._followers)  # type: ignore[attr-defined]


def test_get_waits_for_the_end(app: Celery, end: Call, later: Call) -> None:
    later(end, "one", 1)

    assert AsyncResult[Any]("one", app=app).get(timeout=5) == 1
    assert AsyncResult[Any]("one", app=app).wait() == 1
    assert followers(app) == 0


def test_states_on_the_way_do_not_end_it(app: Celery, end: Call) -> None:
    seen: list[str] = []
    next_states = iter(["PROGRESS", states.SUCCESS])

    def go_on(meta: dict[str, Any]) -> None:
        seen.append(meta["status"])
        if meta["status"] != states.SUCCESS:
            end("one", 1, next(next_states))

    end("one", {"pid": 1}, states.STARTED)

    assert AsyncResult[Any]("one", app=app).get(timeout=5, on_message=go_on) == 1
    assert seen == ["STARTED", "PROGRESS", "SUCCESS"]


def test_timeout(app: Celery) -> None:
    result: AsyncResult[Any] = AsyncResult("never", app=app)
    begin = time.monotonic()

    with pytest.raises(TimeoutError, match="never"):
        result.get(timeout=0.05)

    assert time.monotonic() - begin >= 0.05
    assert followers(app) == 0
    with pytest.raises(result.TimeoutError):
        result.get(timeout=0)


def test_what_is_there_is_returned_without_time(app: Celery, end: Call) -> None:
    end("one", 1)

    assert AsyncResult[Any]("one", app=app).get(timeout=0) == 1


def test_interval_calls(app: Celery) -> None:
    calls: list[int] = []

    with pytest.raises(TimeoutError):
        AsyncResult[Any]("never", app=app).get(
            timeout=0.1, interval=0.02, on_interval=lambda: calls.append(1)
        )

    assert 1 <= len(calls) <= 5


def test_the_callback_gets_id_and_value(app: Celery, end: Call) -> None:
    seen: list[Any] = []
    end("one", 1)
    end("bad", KeyError(), states.FAILURE)

    AsyncResult[Any]("one", app=app).get(callback=lambda *given: seen.append(given))
    with pytest.raises(KeyError):
        AsyncResult[Any]("bad", app=app).get(callback=lambda *given: seen.append(given))

    assert seen == [("one", 1)]


def test_a_revoked_task_raises(app: Celery) -> None:
    app.backend.mark_as_revoked("gone", "revoked")

    with pytest.raises(Exception, match="revoked") as raised:
        AsyncResult[Any]("gone", app=app).get()

    assert type(raised.value).__name__ == "TaskRevokedError"


def test_a_result_that_is_not_stored_is_none_at_once(app: Celery) -> None:
    result: AsyncResult[Any] = AsyncResult("ignored", app=app)
    result.ignored = True

    assert result.get() is None


def test_a_parents_failure_is_raised(app: Celery, end: Call, later: Call) -> None:
    parent: AsyncResult[Any] = AsyncResult("first", app=app)
    result: AsyncResult[Any] = AsyncResult("second", app=app, parent=parent)
    later(end, "first", KeyError("parent"), states.FAILURE)

    with pytest.raises(KeyError, match="parent"):
        result.get(timeout=5)

    again: AsyncResult[Any] = AsyncResult("second", app=app, parent=parent)
    with pytest.raises(KeyError, match="parent"):
        again.get(timeout=5)
    with pytest.raises(TimeoutError):
        again.get(timeout=0.01, follow_parents=False)
    with pytest.raises(TimeoutError):
        again.get(timeout=0.01, propagate=False)


def test_a_parents_failure_is_raised_though_it_is_told_of_last(app: Celery, end: Call) -> None:
    """As of a chord that ends while the waiting begins: its body's failure may arrive before the cause."""
    parent: AsyncResult[Any] = AsyncResult("part", app=app)
    result: AsyncResult[Any] = AsyncResult("body", app=app, parent=parent)

    def both(meta: Any) -> None:
        if meta["status"] == states.FAILURE:
            end("part", KeyError("cause"), states.FAILURE)

    waiting = threading.Timer(0.03, end, ("body", ValueError("its own"), states.FAILURE))
    waiting.start()
    with pytest.raises(KeyError, match="cause"):
        result.get(timeout=30, on_message=both)
    waiting.join()


def test_the_first_parent_that_failed_counts(app: Celery, end: Call) -> None:
    first: AsyncResult[Any] = AsyncResult("1", app=app)
    second: AsyncResult[Any] = AsyncResult("2", app=app, parent=first)
    third: AsyncResult[Any] = AsyncResult("3", app=app, parent=second)
    for task_id in "321":
        end(task_id, ValueError(task_id), states.FAILURE)

    with pytest.raises(ValueError, match="1"):
        third.get()


def test_a_member_of_a_parent_group_counts(app: Celery, end: Call, later: Call) -> None:
    members = [AsyncResult[Any](name, app=app) for name in "ab"]
    result: AsyncResult[Any] = AsyncResult(
        "body", app=app, parent=GroupResult("g", members, app=app)
    )
    end("a", 1)
    later(end, "b", KeyError("b"), states.FAILURE)

    with pytest.raises(KeyError, match="b"):
        result.get(timeout=5)


def test_many_threads_wait_for_one_result(app: Celery, end: Call) -> None:
    values: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda: values.append(AsyncResult[Any]("one", app=app).get(timeout=5))
        )
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    end("one", 1)
    for thread in threads:
        thread.join()

    assert values == [1] * 20
    assert followers(app) == 0


def test_then(app: Celery, end: Call) -> None:
    ended = threading.Event()
    seen: list[Any] = []
    result: AsyncResult[Any] = AsyncResult("one", app=app)

    def note(found: AsyncResult[Any]) -> str:
        seen.append((found, found.result, threading.current_thread() is threading.main_thread()))
        return "noted"

    promise = result.then(note).then(lambda said: (seen.append(said), ended.set()))
    assert not ended.is_set()
    end("one", 1)

    assert ended.wait(5)
    assert seen == [(result, 1, False), "noted"]
    assert promise.ready
    assert followers(app) == 0
    result.then(lambda found: seen.append(found.result))
    assert seen[-1] == 1


def test_a_callback_of_then_may_wait_for_results(app: Celery, end: Call, later: Call) -> None:
    ended = threading.Event()
    seen: list[Any] = []

    def wait_for_other(_: AsyncResult[Any]) -> None:
        seen.append(AsyncResult[Any]("other", app=app).get(timeout=5))
        ended.set()

    AsyncResult[Any]("one", app=app).then(wait_for_other)
    end("one", 1)
    later(end, "other", 2)

    assert ended.wait(5)
    assert seen == [2]


def test_then_hears_of_failures_and_of_callbacks_that_fail(app: Celery, end: Call) -> None:
    ended = threading.Event()
    seen: list[Any] = []

    def fail(found: AsyncResult[Any]) -> None:
        seen.append(found.state)
        raise LookupError("in the callback")

    def note(error: BaseException) -> None:
        seen.append(str(error))
        ended.set()

    AsyncResult[Any]("bad", app=app).then(fail, on_error=note)
    end("bad", KeyError("task"), states.FAILURE)

    assert ended.wait(5)
    assert seen == ["FAILURE", "in the callback"]


def test_a_weak_then_does_not_keep_the_result(app: Celery, end: Call) -> None:
    seen: list[Any] = []
    result: AsyncResult[Any] = AsyncResult("one", app=app)
    result.then(seen.append, weak=True)

    del result
    end("one", 1)

    assert seen == []


def test_throw(app: Celery) -> None:
    result: AsyncResult[Any] = AsyncResult("one", app=app)

    with pytest.raises(KeyError):
        result.throw(KeyError("thrown"))
