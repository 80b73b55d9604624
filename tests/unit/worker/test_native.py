"""Native actors on the store in memory: their middleware, queues and priorities."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any, cast

import dramatiq
import pytest
from dramatiq.middleware import (
    AgeLimit,
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

from taskhub import chord
from taskhub.app.app import Celery
from taskhub.dramatiq import ResultBackend
from taskhub.dramatiq import broker as make_broker
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.exceptions import ChordError, ImproperlyConfigured, TaskRevokedError


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
    app.broker.ensure_worker_setup()
    monkeypatch.setattr("taskhub.engine.dramatiq.internals.is_gevent_active", lambda: True)
    with pytest.raises(ImproperlyConfigured, match="gevent"):
        dramatiq.Worker(app.broker, worker_threads=1).start()


def test_workers_refuse_eventlet(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    patcher = types.SimpleNamespace(is_monkey_patched=lambda name: name == "thread")
    monkeypatch.setitem(sys.modules, "eventlet.patcher", cast("types.ModuleType", patcher))
    with pytest.raises(ImproperlyConfigured, match="under eventlet"):
        dramatiq.Worker(app.broker, worker_threads=1).start()


def test_gevent_s_patches_come_before_the_import_of_dramatiq(
    app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskhub.engine.dramatiq.internals.is_gevent_active", lambda: True)
    with pytest.raises(ImproperlyConfigured, match="before all other imports"):

        @dramatiq.actor(broker=app.broker)
        def late() -> None:
            pass


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


def test_options_of_dramatiq_s_brokers_are_refused_with_what_stands_for_them() -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        make_broker("memory://", host="here", namespace="mine", task_ignore_resul=True, urll=1)
    assert str(refused.value) == (
        "taskhub.dramatiq.broker() does not take host= (write it in the URL, as "
        "redis://user:password@host:6379/0), namespace= (write taskhub_namespace=), "
        "task_ignore_resul= (did you mean task_ignore_result=?), urll= (remove it)"
    )
    with pytest.raises(
        ImproperlyConfigured, match="ResultBackend has no options, but url is given"
    ):
        ResultBackend(url="redis://here")


def test_the_default_middleware_logs_under_the_names_of_dramatiq_s(app: Celery) -> None:
    app.broker.ensure_worker_setup()
    kinds = (Retries, TimeLimit, AgeLimit)
    names = [
        one.logger.name for one in app.broker.middleware if isinstance(one, kinds) and one.logger
    ]
    assert sorted(names) == [
        f"{kind.__module__}.{kind.__name__}" for kind in sorted(kinds, key=str)
    ]
