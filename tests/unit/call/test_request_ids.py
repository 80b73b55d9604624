"""The id of a request reaches every task that follows from it, and their log lines."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator
from queue import Queue
from typing import Any

import dramatiq
import pytest

from taskhub import (
    Celery,
    bind_request_id,
    chain,
    chord,
    current,
    current_request_id,
    group,
)
from taskhub.logs.formatters import JsonFormatter, TaskFormatter
from taskhub.request_id import LONGEST, accepted_request_id
from taskhub.testing import TestApp, eager, start_worker

ID = "req-7f3a"
#: The ids that native actors have seen.
TOLD: Queue[str | None] = Queue()


@pytest.fixture(scope="module")
def app() -> Iterator[Celery]:
    with current.kept():
        app = TestApp("request_ids")
        declare(app)
        with start_worker(app, concurrency=2):
            yield app
        app.close()


def declare(app: Celery) -> None:
    """Declare tasks that return the id that they see."""

    @app.task(name="seen")
    def seen(*_: Any) -> str | None:
        return current_request_id()

    @app.task(name="seen_by_coroutine")
    async def seen_by_coroutine(*_: Any) -> str | None:
        return current_request_id()

    @app.task(name="all_seen", bind=True)
    def all_seen(self: Any, before: list[str | None]) -> list[str | None]:
        return [*before, self.request.request_id]

    @app.task(name="retried", bind=True, max_retries=1)
    def retried(self: Any) -> tuple[int, str | None]:
        if not self.request.retries:
            raise self.retry(countdown=0)
        return self.request.retries, self.request.request_id

    @app.task(name="replaced", bind=True)
    def replaced(self: Any) -> None:
        raise self.replace(seen.s())

    runs = itertools.count()

    @dramatiq.actor(broker=app.broker, max_retries=1, min_backoff=1, max_backoff=1)
    def told(failing: int = 0) -> None:
        TOLD.put(current_request_id())
        if failing > next(runs):
            raise ConnectionError

    @dramatiq.actor(broker=app.broker)
    def telling() -> None:
        told.send()

    @app.task(name="calling", bind=True)
    def calling(self: Any, request_id: str | None = None) -> str:
        if request_id is None:
            return str(seen.delay().id)
        with bind_request_id(request_id):
            return str(seen.delay().id)


def get(app: Celery, call: Any) -> Any:
    """Send a call for a request, and return what it comes to."""
    with bind_request_id(ID):
        result = call.apply_async()
    return result.get(timeout=10)


def call(app: Celery, name: str, *args: Any) -> Any:
    return app.tasks[name].s(*args)


def test_native_actors_have_it_too(app: Celery) -> None:
    told, telling = app.broker.actors["told"], app.broker.actors["telling"]

    def ids(number: int) -> list[str | None]:
        return [TOLD.get(timeout=10) for _ in range(number)]

    with bind_request_id(ID):
        message = told.send(failing=1)
        assert ids(2) == [ID, ID]
        telling.send()
        assert ids(1) == [ID]
        told.send_with_options(headers={"request_id": "mine"})
    assert ids(1) == ["mine"]
    assert message.options["stamps"] == {"request_id": ID}
    assert "stamps" not in told.send().options
    assert ids(1) == [None]


def test_a_task_sees_the_id_of_its_request(app: Celery) -> None:
    assert get(app, call(app, "seen")) == ID
    assert get(app, call(app, "seen_by_coroutine")) == ID
    assert app.tasks["seen"].delay().get(timeout=10) is None


def test_the_id_is_a_stamp(app: Celery) -> None:
    with bind_request_id(ID):
        sent = app.calls.envelope("seen", (), {}, "1", {"stamped_headers": ["a"], "a": 1})
    options = json.loads(sent.body)["options"]
    assert options["stamps"] == {"a": 1, "request_id": ID}
    assert options["stamped_headers"] == ["a", "request_id"]


def test_it_goes_through_retries_and_replacements(app: Celery) -> None:
    assert get(app, call(app, "retried")) == [1, ID]
    assert get(app, call(app, "replaced")) == ID


def test_it_goes_through_canvases(app: Celery) -> None:
    assert get(app, chain(call(app, "seen"), call(app, "seen"), call(app, "seen"))) == ID
    members = [call(app, "seen") for _ in range(3)]
    assert get(app, group(members)) == [ID] * 3
    assert get(app, chord(members, call(app, "all_seen"))) == [ID] * 4
    assert get(app, chord(iter(members), call(app, "all_seen"))) == [ID] * 4
    # Most of its links are stored apart from its messages.
    assert get(app, chain(*(call(app, "seen") for _ in range(40)))) == ID
    nested = chain(call(app, "seen"), group(members), call(app, "all_seen"))
    assert get(app, nested) == [ID] * 4


def test_it_reaches_callbacks(app: Celery) -> None:
    with bind_request_id(ID):
        app.tasks["seen"].apply_async(link=call(app, "seen").set(task_id="linked"))
    assert app.AsyncResult("linked").get(timeout=10) == ID


def test_tasks_that_a_task_calls_have_its_id_or_another(app: Celery) -> None:
    child = get(app, call(app, "calling"))
    assert app.AsyncResult(child).get(timeout=10) == ID
    child = get(app, call(app, "calling", "batch-1"))
    assert app.AsyncResult(child).get(timeout=10) == "batch-1"


def test_a_header_of_the_callers_own_counts(app: Celery) -> None:
    with bind_request_id(ID):
        result = app.tasks["retried"].apply_async(headers={"request_id": "mine"})
    assert result.get(timeout=10) == [1, "mine"]


def test_eager_calls_see_it_too(app: Celery) -> None:
    with eager(app), bind_request_id(ID):
        assert app.tasks["seen"].delay().get() == ID
        assert app.tasks["all_seen"].delay([]).get() == [ID]


def test_blocks_end() -> None:
    assert current_request_id() is None
    with bind_request_id() as outer:
        with bind_request_id(ID):
            assert current_request_id() == ID
        assert current_request_id() == outer
        assert accepted_request_id(outer) == outer
    assert current_request_id() is None


@pytest.mark.parametrize("text", ["", "a b", "a\nb", "ä", "x" * (LONGEST + 1), '"', "a,b"])
def test_ids_that_cannot_be_used_are_refused(text: str) -> None:
    assert accepted_request_id(text) is None
    with (
        pytest.raises(
            ValueError, match=r"request_id .* cannot be used: it has 1 to 128 characters"
        ),
        bind_request_id(text),
    ):
        pass


def test_an_id_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="must be a text, not 7"), bind_request_id(7):  # type: ignore[arg-type]
        pass


def test_log_lines_have_the_field() -> None:
    record = logging.makeLogRecord({"msg": "hello", "levelname": "INFO"})
    plain = TaskFormatter("%(request_id)s %(message)s")
    assert plain.format(record) == "- hello"
    assert "request_id" not in json.loads(JsonFormatter().format(record))
    record = logging.makeLogRecord({"msg": "hello", "levelname": "INFO"})
    with bind_request_id(ID):
        assert plain.format(record) == f"{ID} hello"
        assert json.loads(JsonFormatter().format(record))["request_id"] == ID
