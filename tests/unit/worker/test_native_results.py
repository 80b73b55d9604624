"""Results of native actors on the store in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest
from dramatiq.encoder import PickleEncoder
from dramatiq.middleware import Middleware
from dramatiq.results import Results
from dramatiq.results.backends import StubBackend

from taskhub import states
from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from tests.support.workers import until


def stored(engine: MemoryEngine, message: Any) -> Any:
    """Return the stored document of a message; None: there is none."""
    document = engine.documents([message.message_id])[0]
    return None if document is None else json.loads(document)


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
