"""Native actors on the store in memory: their results, their middleware, and their part in Celery's canvases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest
from dramatiq.encoder import PickleEncoder
from dramatiq.middleware import (
    AsyncIO,
    Callbacks,
    Middleware,
    Pipelines,
    Retries,
    SkipMessage,
    TimeLimit,
)
from dramatiq.results import Results
from dramatiq.results.backends import StubBackend

from taskhub import chain, chord, group, states
from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.exceptions import ChordError, ImproperlyConfigured, TaskRevokedError
from tests.support.workers import until


def stored(engine: MemoryEngine, message: Any) -> Any:
    """Return the stored document of a message; None: there is none."""
    document = engine.documents([message.message_id])[0]
    return None if document is None else json.loads(document)


# -- results


@pytest.mark.parametrize(
    ("settings", "options", "sent", "is_stored"),
    [
        ({}, {}, {}, False),
        ({}, {"store_results": True}, {}, True),
        ({}, {"store_results": True}, {"store_results": False}, False),
        ({}, {}, {"store_results": True}, True),
        ({}, {"ignore_result": False}, {}, True),
        ({}, {"ignore_result": True, "store_results": True}, {}, True),
        ({}, {"store_results": True}, {"ignore_result": True}, False),
        ({"task_ignore_result": False}, {}, {}, True),
        ({"task_ignore_result": True}, {}, {}, False),
        ({"task_ignore_result": True}, {"store_results": True}, {}, True),
        ({"result_backend": "disabled://"}, {"store_results": True}, {}, False),
    ],
)
@pytest.mark.parametrize("fails", [False, True])
def test_results_are_stored_where_asked_for(
    app: Celery,
    engine: MemoryEngine,
    work: Callable[[], None],
    settings: dict[str, Any],
    options: dict[str, Any],
    sent: dict[str, Any],
    is_stored: bool,
    fails: bool,
) -> None:
    app.conf.update(settings)

    @dramatiq.actor(broker=app.broker, max_retries=0, **options)
    def native() -> int:
        if fails:
            raise ValueError("no luck")
        return 42

    message = native.send_with_options(**sent)
    work()
    app.broker.join("default", timeout=10_000)
    found = stored(engine, message)
    assert (found is not None) == is_stored
    if found is not None:
        assert found["status"] == (states.FAILURE if fails else states.SUCCESS)


@pytest.mark.parametrize(
    ("settings", "options", "milliseconds"),
    [
        ({}, {}, 24 * 60 * 60 * 1000),
        ({"result_expires": 5}, {}, 5000),
        ({"result_expires": 5}, {"result_ttl": 700}, 700),
        ({"result_expires": None}, {}, None),
    ],
)
def test_results_are_kept_as_long_as_said(
    app: Celery,
    work: Callable[[], None],
    settings: dict[str, Any],
    options: dict[str, Any],
    milliseconds: int | None,
) -> None:
    app.conf.update(settings)
    seen: list[Any] = []

    @dramatiq.actor(broker=app.broker, store_results=True, **options)
    def native() -> None:
        pass

    class Inspection(Middleware):
        def before_ack(self, broker: Any, message: Any) -> None:
            seen.append(message.outcome.ttl)

    app.broker.add_middleware(Inspection())
    native.send()
    work()
    app.broker.join("default", timeout=10_000)
    assert seen == [milliseconds]


def test_results_go_where_a_program_s_own_middleware_says(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    backend = StubBackend()
    app.broker.add_middleware(Results(backend=backend, store_results=True))

    @dramatiq.actor(broker=app.broker)
    def native() -> int:
        return 42

    message = native.send()
    work()
    app.broker.join("default", timeout=10_000)
    assert message.get_result(backend=backend) == 42
    assert app.broker.get_results_backend() is backend
    assert stored(engine, message) is None


# -- middleware


def test_middleware_that_is_there_is_replaced_not_doubled(
    app: Celery, work: Callable[[], None]
) -> None:
    runs: list[int] = []
    told: list[Any] = []

    class MyRetries(Retries):
        pass

    for middleware in (MyRetries(max_retries=2, min_backoff=1), Callbacks(), Pipelines()):
        app.broker.add_middleware(middleware)
    before = app.broker.middleware[:]
    app.broker.add_middleware(AsyncIO())
    assert app.broker.middleware == before

    @dramatiq.actor(broker=app.broker)
    def failing() -> None:
        runs.append(1)
        raise ValueError

    @dramatiq.actor(broker=app.broker)
    def hears(data: Any, value: Any) -> None:
        told.append(value)

    @dramatiq.actor(broker=app.broker)
    def works(*values: Any) -> int:
        return 1

    @app.task
    def retried() -> None:
        runs.append(2)
        raise ValueError

    failing.send()
    works.send_with_options(on_success=hears)
    dramatiq.pipeline([works.message(), hears.message({})], broker=app.broker).run()
    retried.delay()
    work()
    app.broker.join("default", timeout=10_000)
    assert sorted(runs) == [1, 1, 1, 2]
    assert told == [1, 1]
    kinds = (Retries, Callbacks, Pipelines, AsyncIO, Results, TimeLimit)
    assert [sum(isinstance(one, kind) for one in app.broker.middleware) for kind in kinds] == [
        1
    ] * 6


def test_the_place_of_middleware_may_be_chosen(app: Celery) -> None:
    class Mine(Middleware):
        pass

    app.broker.add_middleware(Mine(), before=Retries)
    app.broker.add_middleware(Retries(), before=Mine)
    kinds = [type(one) for one in app.broker.middleware]
    assert kinds.index(Retries) + 1 == kinds.index(Mine)
    with pytest.raises(ValueError, match="not found"):
        app.broker.add_middleware(Mine(), after=StubBackend)  # type: ignore[arg-type]


class Skips(Middleware):
    """Skips what is named `skipped`, and refuses what is named `refused`."""

    def before_process_message(self, broker: Any, message: Any) -> None:
        if message.actor_name == "refused":
            message.fail()
        if message.actor_name in ("skipped", "refused"):
            raise SkipMessage("unwanted")


def test_a_task_that_middleware_skips_has_a_state_and_its_canvas_goes_on(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    app.broker.add_middleware(Skips())

    @app.task(name="skipped")
    def skipped() -> None:
        pass

    @app.task(name="refused")
    def refused() -> None:
        pass

    @app.task
    def body(values: Any) -> None:
        pass

    results = [skipped.delay(), refused.delay()]
    chords = [chord([task.s()])(body.s()) for task in (skipped, refused)]
    work()
    error = results[0].get(timeout=10, propagate=False)
    assert isinstance(error, TaskRevokedError)
    assert "skipped by middleware" in str(error)
    assert isinstance(results[1].get(timeout=10, propagate=False), SkipMessage)
    for result in chords:
        assert isinstance(result.get(timeout=10, propagate=False), ChordError)


# -- canvases


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


# -- the rest


@pytest.fixture
def pickling() -> Iterator[None]:
    before = dramatiq.get_encoder()
    dramatiq.set_encoder(PickleEncoder())
    yield
    dramatiq.set_encoder(before)


@pytest.mark.usefixtures("pickling")
def test_a_chosen_encoder_carries_arguments_results_and_retries(
    app: Celery, work: Callable[[], None]
) -> None:
    seen: list[Any] = []

    @dramatiq.actor(broker=app.broker, store_results=True, min_backoff=1, max_backoff=1)
    def native(value: Any) -> Any:
        seen.append(value)
        if len(seen) < 2:
            raise ValueError
        return value

    @app.task
    def plain(value: int) -> int:
        return value

    message, task = native.send(complex(1, 2)), plain.delay(1)
    work()
    backend = app.broker.get_results_backend()
    assert message.get_result(backend=backend, block=True, timeout=10_000) == complex(1, 2)
    assert seen == [complex(1, 2)] * 2
    assert task.get(timeout=10) == 1


def test_a_message_of_another_encoder_is_a_dead_letter(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    @dramatiq.actor(broker=app.broker)
    def native(value: Any) -> None:
        pass

    before = dramatiq.get_encoder()
    dramatiq.set_encoder(PickleEncoder())
    try:
        native.send(complex(1, 2))
    finally:
        dramatiq.set_encoder(before)
    work()
    (letter,) = until(lambda: engine.dead_letters(0, 9), "a dead letter")
    assert "dramatiq.set_encoder" in letter.reason


def test_queues_that_nobody_declared_are_not_joined(app: Celery) -> None:
    with pytest.raises(dramatiq.QueueNotFound):
        app.broker.join("nowhere")


def test_join_waits_for_its_own_queue_only_and_for_retries(
    app: Celery, work: Callable[[], None]
) -> None:
    runs: list[int] = []

    @dramatiq.actor(broker=app.broker, queue_name="other")
    def elsewhere() -> None:
        pass

    @dramatiq.actor(broker=app.broker, min_backoff=100, max_backoff=100)
    def flaky() -> None:
        runs.append(1)
        if len(runs) < 4:
            raise ValueError

    elsewhere.send_with_options(delay=600_000)
    flaky.send()
    with pytest.raises(dramatiq.QueueJoinTimeout):
        app.broker.join("default", timeout=50)
    work()
    app.broker.join("default", timeout=20_000)
    assert len(runs) == 4
    with pytest.raises(dramatiq.QueueJoinTimeout):
        app.broker.join("other", timeout=50)


def test_workers_refuse_gevent(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskhub.engine.dramatiq.internals.is_gevent_active", lambda: True)
    with pytest.raises(ImproperlyConfigured, match="gevent"):
        dramatiq.Worker(app.broker, worker_threads=1).start()


def test_the_priorities_of_actors_order_their_messages(app: Celery, engine: MemoryEngine) -> None:
    actors = {}
    for priority in (100, 0, 20, 5, -3, 10, 6):

        def native() -> None:
            pass

        actors[priority] = dramatiq.actor(
            native, actor_name=f"p{priority}", priority=priority, broker=app.broker
        )
    ids = {actor.send().message_id: priority for priority, actor in actors.items()}
    waiting = engine.waiting("default", 0, 99)
    assert [ids[envelope.task_id] for envelope in waiting] == sorted(actors)


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
