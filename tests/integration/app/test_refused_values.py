"""Values that cannot be used, on a real store: an error where they were given, and nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from dramatiq import Worker

from taskhub import Celery, Task, chain, chord, group, states


@pytest.fixture
def app(store_url: str) -> Iterator[Celery]:
    with Celery("refused", broker=store_url, set_as_current=False) as app:

        @app.task(name="add", shared=False)
        def add(x: int = 0, y: int = 0) -> int:
            return x + y

        @app.task(name="elsewhere", shared=False)
        def elsewhere(x: int = 0) -> int:
            return x

        @app.task(name="retries", bind=True, shared=False)
        def retries(self: Task[..., Any], options: dict[str, Any]) -> None:
            raise self.retry(**options)

        @app.task(
            name="retries_by_itself",
            shared=False,
            autoretry_for=(KeyError,),
            retry_kwargs={"queue": "a\nb"},
        )
        def retries_by_itself() -> None:
            raise KeyError("x")

        @app.task(name="replaces", bind=True, shared=False)
        def replaces(self: Task[..., Any], options: dict[str, Any]) -> None:
            raise self.replace(add.s(1, 2).set(**options))

        @app.task(name="catches", bind=True, shared=False)
        def catches(self: Task[..., Any]) -> list[str]:
            caught = []
            for ending in (
                lambda: self.retry(queue="a\nb"),
                lambda: self.replace(add.s().set(queue="a\nb")),
                lambda: add.apply_async((1, 2), queue="a\nb"),
            ):
                try:
                    ending()
                except ValueError as error:
                    caught.append(type(error).__name__)
            return caught

        yield app


@pytest.fixture
def worker(app: Celery) -> Iterator[Worker]:
    worker = Worker(app.broker, worker_threads=2, worker_timeout=100)
    worker.start()
    yield worker
    worker.stop()


def dump(app: Celery) -> dict[bytes, bytes | None]:
    """Return all that the store holds."""
    with redis.Redis.from_url(app.conf.broker_url) as client:
        return {key: client.dump(key) for key in client.scan_iter(count=1000)}


CALLS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "task": lambda app, options: app.tasks["add"].apply_async((1, 2), **options),
    "by name": lambda app, options: app.send_task("unknown", (1, 2), **options),
    "link": lambda app, options: app.tasks["add"].apply_async(
        (1, 2), link=app.tasks["add"].s().set(**options)
    ),
    "errback": lambda app, options: app.tasks["add"].apply_async(
        (1, 2), link_error=app.tasks["add"].s().set(**options)
    ),
    "group": lambda app, options: group(
        app.tasks["add"].s(1, index).set(**(options if index == 13 else {})) for index in range(20)
    ).apply_async(),
    "all of a group": lambda app, options: group(
        app.tasks["add"].s(1, index) for index in range(20)
    ).apply_async(**options),
    # A list: of a generator, pages are sent while it is read.
    "large group": lambda app, options: group(
        [
            app.tasks["add"].s(1, index).set(**(options if index == 1300 else {}))
            for index in range(1500)
        ]
    ).apply_async(),
    "chord": lambda app, options: chord(
        [app.tasks["add"].s(1, index).set(**(options if index == 3 else {})) for index in range(5)],
        app.tasks["add"].si(),
    ).apply_async(),
    "body": lambda app, options: chord(
        [app.tasks["add"].s(1, index) for index in range(5)],
        app.tasks["add"].si().set(**options),
    ).apply_async(),
    "chain": lambda app, options: chain(
        app.tasks["add"].s(1, 2), app.tasks["add"].s(3).set(**options)
    ).apply_async(),
    "long chain": lambda app, options: chain(
        *(app.tasks["add"].s(1).set(**(options if index == 57 else {})) for index in range(60))
    ).apply_async(),
}
OPTIONS: list[dict[str, Any]] = [
    {"queue": "a\nb"},
    {"queue": "email\n"},
    {"queue": ""},
    {"queue": "\ud800"},
    {"queue": 5},
    {"queue": b"x"},
    {"exchange": "a\nb"},
    {"task_id": "a\nb"},
    {"task_id": "\ud800"},
    {"task_id": 5},
    {"countdown": 10**16},
    {"countdown": "soon"},
    {"expires": "soon"},
    {"priority": "high"},
    {"headers": [1]},
    {"time_limit": -1},
]


@pytest.mark.parametrize("options", OPTIONS, ids=repr)
@pytest.mark.parametrize("call", CALLS)
def test_it_raises_and_nothing_is_stored(app: Celery, call: str, options: dict[str, Any]) -> None:
    before = dump(app)
    with pytest.raises((TypeError, ValueError, OverflowError)):
        CALLS[call](app, dict(options))
    assert dump(app) == before


#: Where the signature of an unusable name stands.
NAMED: dict[str, Callable[[Any, Any], Any]] = {
    "task": lambda add, bad: bad.apply_async(),
    "link": lambda add, bad: add.apply_async((1, 2), link=[add.s(1), bad]),
    "errback": lambda add, bad: add.apply_async((1, 2), link_error=bad),
    "link of a link": lambda add, bad: add.apply_async((1, 2), link=add.s(1).set(link=[bad])),
    "link of a chain": lambda add, bad: add.apply_async((1, 2), link=chain(add.s(1), bad)),
    "chain": lambda add, bad: chain(add.s(1, 2), bad, add.s(3)).apply_async(),
    "long chain": lambda add, bad: chain(add.s(1, 2), *[add.s(1)] * 60, bad).apply_async(),
    "group": lambda add, bad: group([*(add.s(1, 2) for _ in range(20)), bad]).apply_async(),
    "large group": lambda add, bad: group([add.s(1, 2)] * 1300 + [bad]).apply_async(),
    "header": lambda add, bad: chord([add.s(1, 2), bad], add.si()).apply_async(),
    "body": lambda add, bad: chord([add.s(1, 2), add.s(1, 2)], bad).apply_async(),
    "errback of a body": lambda add, bad: chord(
        [add.s(1, 2), add.s(1, 2)], add.si().on_error(bad)
    ).apply_async(),
    "chord in a chain": lambda add, bad: chain(
        add.s(1, 2), group(add.s(1), add.s(2)), bad
    ).apply_async(),
}


@pytest.mark.parametrize("name", ["a\nb", "\udcff", "\0"], ids=repr)
@pytest.mark.parametrize("call", NAMED)
def test_a_name_that_cannot_be_stored_raises_wherever_it_stands(
    app: Celery, call: str, name: str
) -> None:
    before = dump(app)
    with pytest.raises(ValueError, match=r"task name .* cannot be used"):
        NAMED[call](app.tasks["add"], app.signature(name))
    assert dump(app) == before


@pytest.mark.parametrize("options", [{"chord": ("x", None)}, {"chord": "x"}, {"chord": (5, 0)}])
def test_a_place_in_no_chord_is_refused(app: Celery, options: dict[str, Any]) -> None:
    before = dump(app)
    with pytest.raises(TypeError, match="no position in a chord"):
        app.tasks["add"].apply_async((1, 2), **options)
    assert dump(app) == before


def test_ids_of_canvases_are_checked(app: Celery) -> None:
    before = dump(app)
    member = app.tasks["add"].s(1, 2)
    for make in (lambda: group([member, member]), lambda: chord([member, member], member)):
        for task_id in ("a\nb", 5, "\ud800"):
            with pytest.raises((TypeError, ValueError)):
                make().apply_async(task_id=task_id)
    assert dump(app) == before


@pytest.mark.parametrize("task", ["retries", "replaces"])
@pytest.mark.parametrize(
    "options",
    [{"queue": "a\nb"}, {"queue": 5}, {"priority": "high"}, {"countdown": 1e300}],
    ids=repr,
)
def test_in_a_task_it_is_the_tasks_failure(
    app: Celery, worker: Worker, task: str, options: dict[str, Any]
) -> None:
    result = app.tasks[task].delay(options)
    value = result.get(timeout=20, propagate=False)
    assert isinstance(value, TypeError | ValueError | OverflowError)
    assert app.engine.dead_letters(0, 10) == []
    assert result.state == states.FAILURE
    assert next(iter(options)) in str(value)


def test_an_automatic_retry_with_a_bad_option_is_the_tasks_failure(
    app: Celery, worker: Worker
) -> None:
    result = app.tasks["retries_by_itself"].delay()
    assert isinstance(result.get(timeout=20, propagate=False), ValueError)
    assert result.state == states.FAILURE


def test_a_task_that_catches_it_goes_on(app: Celery, worker: Worker) -> None:
    assert app.tasks["catches"].delay().get(timeout=20) == ["ValueError"] * 3


def test_a_route_that_goes_wrong_for_a_link_fails_the_task_and_nobody_else(
    app: Celery, worker: Worker
) -> None:
    def route(name: str, *_: Any, **__: Any) -> Any:
        return "a\nb" if name == "elsewhere" else None

    app.conf.task_routes = (route,)
    del app.calls.routes
    try:
        linked = app.tasks["elsewhere"].s()
        others = [app.tasks["add"].delay(index, 1) for index in range(20)]
        failing = app.tasks["add"].apply_async((1, 2), link=linked)
        erring = app.tasks["retries"].apply_async(({"queue": 5},), link_error=linked.clone())
        part = app.tasks["retries"].s({"queue": 5}).set(link_error=[linked.clone()])
        in_chord = chord([app.tasks["add"].s(1, 2), part], app.tasks["add"].s())()
        assert isinstance(failing.get(timeout=20, propagate=False), ValueError)
        assert isinstance(erring.get(timeout=20, propagate=False), TypeError)
        assert "Dependency" in str(in_chord.get(timeout=20, propagate=False))
        assert [other.get(timeout=20) for other in others] == list(range(1, 21))
    finally:
        app.conf.task_routes = None
        del app.calls.routes


def test_headers_named_as_options_stay_headers(app: Celery, worker: Worker) -> None:
    names = ("chord", "chain", "callbacks", "errbacks", "expires", "retries", "group", "timelimit")
    headers = {name: ["x", None] for name in names} | {"_publish": 5, "_ending": True, "tenant": 7}
    seen: dict[str, Any] = {}

    @app.task(name="looks", bind=True, shared=False)
    def looks(self: Task[..., Any]) -> dict[str, Any]:
        seen.update(vars(self.request))
        request = self.request
        return {"headers": request.headers, "tenant": request.tenant, "chord": request.chord}  # type: ignore[attr-defined]

    result = looks.apply_async(headers=headers, link=app.tasks["add"].s(1).set(task_id="linked"))
    found = result.get(timeout=20)
    assert found == {"headers": headers, "tenant": 7, "chord": None}
    assert "_ending" not in seen or seen["_ending"] is not True
    assert result.state == states.SUCCESS
