"""Ids that no task can have: whoever asks for one is told at once, and nobody else's wait is disturbed."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.result import AsyncResult, GroupResult, ResultSet
from tests.support.servers import Server, start_valkey

ODD: list[Any] = [5, b"id", "", "\ud800", "a\nb", ["id"], 1.5]

ASKING: dict[str, Callable[[Celery, Any], object]] = {
    "AsyncResult": lambda app, odd: AsyncResult[Any](odd, app=app).get(timeout=5),
    "app.AsyncResult": lambda app, odd: app.AsyncResult(odd).state,
    "aget": lambda app, odd: asyncio.run(AsyncResult[Any](odd, app=app).aget(timeout=5)),
    "GroupResult": lambda app, odd: GroupResult(odd, [], app=app),
    "restore": lambda app, odd: GroupResult.restore(odd, app=app),
    "ResultSet": lambda app, odd: ResultSet([AsyncResult[Any](odd, app=app)]).get(timeout=5),
    "wait_for": lambda app, odd: app.backend.wait_for(odd, timeout=5),
    "get_state": lambda app, odd: app.backend.get_state(odd),
    "forget": lambda app, odd: app.backend.forget(odd),
    "store_result": lambda app, odd: app.backend.store_result(odd, 1, states.SUCCESS),
    "delete_group": lambda app, odd: app.backend.delete_group(odd),
    "revoke": lambda app, odd: app.control.revoke(odd if odd != ["id"] else [["id"]]),
    "revoke many": lambda app, odd: app.control.revoke(["one", odd]),
    "query_task": lambda app, odd: app.control.inspect(timeout=0.1).query_task("one", odd),
    "follow": lambda app, odd: app.engine.follow([odd], lambda *_: None),
}


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_valkey(tmp_path_factory.mktemp("odd-ids")) as running:
        yield running


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """The module's server, empty for each test."""
    yield shared_server
    shared_server.flush()


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("asking", ASKING)
def test_an_odd_id_is_refused_at_once(app: Celery, asking: str, odd: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"cannot be used"):
        ASKING[asking](app, odd)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_others_go_on_waiting(app: Celery, worker: Celery, odd: Any) -> None:
    names = [str(uuid.uuid4()) for _ in range(5)]
    values: dict[str, Any] = {}

    def wait(name: str) -> None:
        values[name] = AsyncResult[Any](name, app=app).get(timeout=30)

    def ask() -> None:
        # Past every check of ids: as it is, to what follows results.
        with contextlib.suppress(TypeError, ValueError):
            app.engine.follow([odd], lambda *_: None)

    threads = [threading.Thread(target=wait, args=(name,)) for name in names[:3]]
    threads += [threading.Thread(target=ask)]
    threads += [threading.Thread(target=wait, args=(name,)) for name in names[3:]]
    for thread in threads:
        thread.start()
    for number, name in enumerate(names):
        worker.backend.store_result(name, number, states.SUCCESS)
    for thread in threads:
        thread.join()
    assert values == {name: number for number, name in enumerate(names)}


def test_a_uuid_counts_as_its_text(app: Celery, worker: Celery) -> None:
    task_id, group_id = uuid.uuid4(), uuid.uuid4()
    given: Any = task_id
    group: Any = group_id
    worker.backend.store_result(given, 7, states.SUCCESS)
    result = AsyncResult[int](given, app=app)
    assert result.get(timeout=20) == 7
    assert result.id == str(task_id)
    assert asyncio.run(AsyncResult[int](given, app=app).aget(timeout=20)) == 7
    GroupResult(group, [result], app=app).save()
    restored = GroupResult.restore(group, app=app)
    assert restored is not None
    assert restored.id == str(group_id)
    app.backend.forget(given)
    assert result.exists() is False


@pytest.mark.parametrize(
    "error", [SystemExit(2), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()]
)
def test_what_ends_programs_is_an_exception_for_those_who_ask(
    app: Celery, worker: Celery, error: BaseException
) -> None:
    task_id = str(uuid.uuid4())
    worker.backend.store_result(task_id, error, states.FAILURE)
    result = AsyncResult[Any](task_id, app=app)
    with pytest.raises(Exception, match=type(error).__name__) as caught:
        result.get(timeout=20)
    assert type(caught.value).__name__ == "WorkerLostError"
    assert isinstance(result.result, Exception)
    assert isinstance(result.info, Exception)
    with pytest.raises(Exception, match=type(error).__name__):
        ResultSet([AsyncResult[Any](task_id, app=app)]).get(timeout=20)
