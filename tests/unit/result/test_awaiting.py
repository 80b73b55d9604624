"""Waiting for results in coroutines."""

from __future__ import annotations

import asyncio
import builtins
import threading
from collections.abc import Callable
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.exceptions import TimeoutError
from taskhub.result import AsyncResult, EagerResult, GroupResult, ResultSet

Call = Callable[..., None]


def followers(app: Celery) -> int:
    """Return how many ids somebody follows."""
    return len(app.engine._followers)  # type: ignore[attr-defined]


async def followed(app: Celery, count: int) -> None:
    """Wait until so many ids are followed."""
    for _ in range(100_000):
        if followers(app) == count:
            return
        await asyncio.sleep(0)
    pytest.fail(f"{followers(app)} of {count} results are followed")


def test_aget(app: Celery, end: Call, later: Call) -> None:
    later(end, "one", 1)
    result: AsyncResult[int] = AsyncResult("one", app=app)

    assert asyncio.run(result.aget(timeout=5)) == 1
    assert asyncio.run(result.aget()) == 1
    assert asyncio.run(result.aready())
    assert followers(app) == 0


def test_aget_raises(app: Celery, end: Call) -> None:
    end("bad", KeyError("key"), states.FAILURE)
    result: AsyncResult[Any] = AsyncResult("bad", app=app)

    with pytest.raises(KeyError):
        asyncio.run(result.aget())
    assert isinstance(asyncio.run(result.aget(propagate=False)), KeyError)


def test_a_tasks_own_timeout_error_stays_what_it_is(app: Celery, end: Call) -> None:
    end("bad", builtins.TimeoutError("of the task"), states.FAILURE)

    with pytest.raises(builtins.TimeoutError, match="of the task"):
        asyncio.run(AsyncResult[Any]("bad", app=app).aget(timeout=5))
    with pytest.raises(builtins.TimeoutError, match="of the task"):
        asyncio.run(ResultSet([AsyncResult[Any]("bad", app=app)], app=app).aget(timeout=5))


def test_timeouts(app: Celery, end: Call) -> None:
    end("one", 1)
    result: AsyncResult[Any] = AsyncResult("never", app=app)

    for timeout in (0, 0.02):
        with pytest.raises(TimeoutError, match="never"):
            asyncio.run(result.aget(timeout=timeout))
    assert asyncio.run(AsyncResult[Any]("one", app=app).aget(timeout=0)) == 1
    assert not asyncio.run(result.aready())
    assert followers(app) == 0


def test_a_parents_failure(app: Celery, end: Call, later: Call) -> None:
    parent: AsyncResult[Any] = AsyncResult("first", app=app)
    result: AsyncResult[Any] = AsyncResult("second", app=app, parent=parent)
    later(end, "first", KeyError("parent"), states.FAILURE)

    with pytest.raises(KeyError, match="parent"):
        asyncio.run(result.aget(timeout=5))


def test_cancelling_leaves_nothing_behind(app: Celery, end: Call) -> None:
    async def main() -> None:
        waiting = asyncio.create_task(AsyncResult[Any]("never", app=app).aget())
        await followed(app, 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())

    assert followers(app) == 0
    end("never", 1)


def test_a_thousand_coroutines_need_no_thread_each(app: Celery, end: Call) -> None:
    before = threading.active_count()

    async def main() -> list[Any]:
        results = [AsyncResult[Any](str(number), app=app) for number in range(1000)]
        waiting = [asyncio.create_task(result.aget(timeout=30)) for result in results]
        await followed(app, 1000)
        assert threading.active_count() < before + 10
        await asyncio.to_thread(lambda: [end(str(number), number) for number in range(1000)])
        return await asyncio.gather(*waiting)

    assert asyncio.run(main()) == list(range(1000))


def test_sets(app: Celery, end: Call, later: Call) -> None:
    results = [AsyncResult[Any](name, app=app) for name in "abc"]
    inner = GroupResult("g", [AsyncResult[Any]("d", app=app)], app=app)
    group = ResultSet([*results, inner], app=app)
    seen: list[Any] = []
    for name in "cab":
        later(end, name, name.upper())
    end("d", "D")

    assert asyncio.run(group.aget(timeout=5)) == ["A", "B", "C", ["D"]]
    assert asyncio.run(group.ajoin()) == ["A", "B", "C", ["D"]]
    assert asyncio.run(group.aready())
    assert asyncio.run(group.aget(callback=lambda *given: seen.append(given))) is None
    assert sorted(seen) == [("a", "A"), ("b", "B"), ("c", "C"), ("g", ["D"])]


def test_the_first_failure_of_a_set_ends_the_wait(app: Celery, end: Call, later: Call) -> None:
    group = ResultSet([AsyncResult[Any](name, app=app) for name in "ab"], app=app)
    later(end, "b", KeyError("b"), states.FAILURE)

    with pytest.raises(KeyError):
        asyncio.run(group.aget(timeout=5))
    assert followers(app) == 0


def test_eager_results() -> None:
    assert asyncio.run(EagerResult[Any]("one", 1, states.SUCCESS).aget()) == 1
    assert asyncio.run(EagerResult[Any]("one", 1, states.SUCCESS).aready())
