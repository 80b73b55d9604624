"""Native actors in Celery's canvases, on the store in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
import pytest

from taskhub import chain, chord, group
from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.exceptions import ChordError
from tests.support.workers import until


@pytest.fixture
def actors(app: Celery) -> dict[str, Any]:
    """Native actors and a task."""

    @dramatiq.actor(broker=app.broker, actor_name="total", store_results=True)
    def total(values: list[int]) -> int:
        return sum(values)

    @dramatiq.actor(broker=app.broker, actor_name="double")
    def double(value: int) -> int:
        return 2 * value

    attempts: list[Any] = []

    @dramatiq.actor(
        broker=app.broker, actor_name="flaky", store_results=True, min_backoff=1, max_backoff=1
    )
    def flaky(values: Any) -> Any:
        attempts.append(values)
        if len(attempts) < 3:
            raise ValueError("not yet")
        return values

    @dramatiq.actor(broker=app.broker, actor_name="fails", max_retries=0, throws=ValueError)
    def fails(*values: Any) -> None:
        raise ValueError("no luck")

    @app.task(name="plus")
    def plus(value: int, other: int) -> int:
        return value + other

    return {"attempts": attempts, "plus": plus}


def test_a_native_actor_takes_part_in_canvases(
    app: Celery, actors: dict[str, Any], work: Callable[[], None]
) -> None:
    plus, signature = actors["plus"], app.signature
    body = chord([plus.s(1, 2), plus.s(3, 4)])(signature("total"))
    link = chain(plus.s(1, 2), signature("double"), plus.s(10))()
    part = chord([signature("double", (1,)), signature("double", (2,))])(signature("total"))
    long = chain(*[plus.s(0, 0), *[signature("double") for _ in range(40)], plus.s(7)])()
    work()
    assert body.get(timeout=20) == 10
    assert link.get(timeout=20) == 16
    assert part.get(timeout=20) == 6
    assert long.get(timeout=20) == 7


def test_a_native_body_that_is_retried_gets_the_values_again(
    app: Celery, actors: dict[str, Any], work: Callable[[], None], engine: MemoryEngine
) -> None:
    plus = actors["plus"]
    result = chord([plus.s(1, 2), plus.s(3, 4)])(app.signature("flaky"))
    work()
    assert result.get(timeout=20) == [3, 7]
    assert actors["attempts"] == [[3, 7]] * 3
    app.broker.join("default", timeout=10_000)
    assert engine._chords.chords == {}


def test_a_native_actor_that_fails_ends_what_waits_for_it(
    app: Celery, actors: dict[str, Any], work: Callable[[], None]
) -> None:
    plus, fails = actors["plus"], app.signature("fails")
    heard: list[str] = []

    @app.task(name="told")
    def told(task_id: str) -> None:
        heard.append(task_id)

    link = chain(fails, plus.s(1))()
    waits = chord([fails, plus.s(1, 2)])(plus.s(1))
    failed = chord([group(fails), plus.s(1, 2)])(app.signature("total"))
    alone = app.send_task("fails", link_error=told.s())
    work()
    assert isinstance(link.get(timeout=20, propagate=False), ValueError)
    for result in (waits, failed):
        assert isinstance(result.get(timeout=20, propagate=False), ChordError)
    until(lambda: heard == [alone.id], "the errback")


def test_links_of_a_native_actor_are_called(
    app: Celery, actors: dict[str, Any], work: Callable[[], None]
) -> None:
    seen: list[int] = []

    @app.task(name="sees")
    def sees(value: int) -> None:
        seen.append(value)

    app.send_task("double", (21,), link=sees.s())
    work()
    until(lambda: seen == [42], "the callback")


def test_a_native_actor_that_is_revoked_ends_its_chord(
    app: Celery, actors: dict[str, Any], work: Callable[[], None]
) -> None:
    plus = actors["plus"]
    result = chord([app.signature("double", (1,), task_id="unwanted"), plus.s(1, 2)])(plus.s(1))
    app.control.revoke("unwanted")
    work()
    assert isinstance(result.get(timeout=20, propagate=False), ChordError)


def test_an_actor_goes_before_a_task_that_another_app_shares(
    app: Celery, actors: dict[str, Any], work: Callable[[], None]
) -> None:
    other = Celery("other", broker="memory://", set_as_current=False)

    @other.task(name="total")
    def total(values: list[int]) -> str:
        return "not this one"

    result = app.send_task("total", ([1, 2],))
    work()
    assert result.get(timeout=20) == 3
