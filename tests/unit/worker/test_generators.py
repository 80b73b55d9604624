"""Canvases of generators, on the store in memory: sent in pages while the generator is read."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from taskhub.app.app import Celery
from taskhub.canvas import chain, chord, group, lazy_list, pages, result_ids
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.exceptions import ChordError, EncodeError, StoreRefused
from taskhub.result import base
from tests.support.workers import until

#: How many messages a page has here: few, because the store in memory is naive.
PAGE = 50
#: More than two pages of members.
MANY = 2 * PAGE + 3


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are full sooner than elsewhere."""
    monkeypatch.setattr(pages, "PAGE", PAGE)


@pytest.fixture
def tasks(app: Celery) -> Any:
    ran: list[int] = []
    failures: list[str] = []

    @app.task(name="same")
    def same(value: Any) -> Any:
        ran.append(value)
        return value

    @app.task(name="add")
    def add(x: int, y: int) -> int:
        return x + y

    @app.task(name="listed")
    def listed(values: list[Any]) -> list[Any]:
        return values

    @app.task(name="failed")
    def failed(task_id: str) -> None:
        failures.append(task_id)

    return SimpleNamespace(
        same=same, add=add, listed=listed, failed=failed, ran=ran, failures=failures
    )


@pytest.fixture
def by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are sent when they are full, however slow this machine is."""
    monkeypatch.setattr(pages, "PAGE_TIME", 60)


def stored(engine: MemoryEngine) -> int:
    """Return how many messages are stored."""
    return len(engine._state.messages)


def broken(count: int, task: Any) -> Iterator[Any]:
    """Yield so many calls, then raise."""
    for number in range(count):
        yield task.s(number)
    raise LookupError("no more")


@pytest.mark.parametrize("kind", ["group", "chord", "group | task", "chunks"])
def test_early_members_run_while_later_ones_are_made(
    kind: str, app: Celery, tasks: Any, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    def values() -> Iterator[int]:
        for number in range(MANY):
            if number >= PAGE + 2:
                until(lambda: engine._documents, "the first member runs", 10)
            yield number

    work()
    calls = (tasks.same.s(value) for value in values())
    canvases: dict[str, Callable[[], Any]] = {
        "group": lambda: group(calls, app=app),
        "chord": lambda: chord(calls, tasks.listed.s(), app=app),
        "group | task": lambda: group(calls) | tasks.listed.s(),
        "chunks": lambda: tasks.same.chunks(((value,) for value in values()), 1),
    }
    expected = [[value] if kind == "chunks" else value for value in range(MANY)]
    assert canvases[kind]().apply_async().get(timeout=20) == expected


def test_members_of_a_slow_generator_do_not_wait_for_a_page(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    def calls() -> Iterator[Any]:
        for number in range(4):
            if number > 1:
                until(lambda: len(tasks.ran) >= number - 1, "those before run", 10)  # noqa: B023
            time.sleep(pages.PAGE_TIME)
            yield tasks.same.s(number)

    work()
    assert chord(calls(), tasks.listed.s(), app=app)().get(timeout=10) == [0, 1, 2, 3]


def test_all_kinds_of_members_keep_their_order(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    def calls() -> Iterator[Any]:
        for number in range(PAGE):
            yield tasks.same.s(number)
            yield tasks.same.si(number) | tasks.add.s(1)
        yield group(tasks.same.s(value) for value in ("a", "b"))
        yield group([tasks.same.s("c")])
        yield chord((tasks.same.s(value) for value in range(PAGE + 1)), tasks.listed.s())
        yield tasks.same.si(1) | group(tasks.same.si(value) for value in (2, 3))
        yield tasks.same.chunks(iter([("x",), ("y",), ("z",)]), 2)
        yield chain()
        yield "same"

    def given() -> Iterator[Any]:
        for call in calls():
            yield dict(tasks.same.s("as JSON")) if call == "same" else call

    expected: list[Any] = [value for number in range(PAGE) for value in (number, number + 1)]
    expected += ["a", "b", "c", [*range(PAGE + 1)], [2, 3], ["x", "y"], ["z"], "as JSON"]
    work()
    assert chord(given(), tasks.listed.s(), app=app)().get(timeout=20) == expected


@pytest.mark.parametrize("count", [0, 1, 3, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
def test_every_size_is_sent_whole(
    count: int, app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    work()
    result = chord((tasks.same.s(n) for n in range(count)), tasks.listed.s(), app=app)()
    assert result.get(timeout=10) == list(range(count))
    assert len(result.parent) == count
    parallel = group((tasks.same.s(n) for n in range(count)), app=app)()
    assert parallel.get(timeout=10) == list(range(count))


def test_chains_with_generators(app: Celery, tasks: Any, work: Callable[[], None]) -> None:
    work()
    added = (tasks.add.s(n) for n in range(MANY))
    behind = tasks.same.si(1) | group(added)
    assert behind.apply_async().get(timeout=20) == [n + 1 for n in range(MANY)]
    both = chain(group(tasks.same.s(n) for n in range(MANY)), tasks.listed.s(), tasks.listed.s())
    result = both.apply_async()
    assert result.get(timeout=20) == list(range(MANY))
    inside = chord([tasks.same.s("first"), group(tasks.same.s(n) for n in range(MANY))], app=app)
    assert inside(tasks.listed.s()).get(timeout=20) == ["first", *range(MANY)]
    one = chain(group(tasks.same.s(n) for n in [7]), tasks.add.s(1))
    assert one.apply_async().get(timeout=10) == 8


def test_what_a_chord_is_called_with_reaches_its_header_and_body(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    work()
    canvas = chord((tasks.add.s(n) for n in range(MANY)), tasks.listed.s(), app=app)
    result = canvas.apply_async((10,), task_id="the-body", link=tasks.same.s())
    assert result.id == "the-body"
    assert result.get(timeout=20) == [n + 10 for n in range(MANY)]
    until(lambda: result.get() in tasks.ran, "the link is called", 10)


def test_a_task_can_send_it(app: Celery, tasks: Any, work: Callable[[], None]) -> None:
    @app.task(name="sends")
    def sends() -> list[Any]:
        result = chord((tasks.same.s(n) for n in range(MANY)), tasks.listed.s(), app=app)()
        return [result.id, len(result.parent)]

    work()
    outer = sends.delay()
    body_id, count = outer.get(timeout=20)
    assert count == MANY
    assert app.AsyncResult(body_id).get(timeout=20) == list(range(MANY))
    children: list[Any] = outer.children or []
    assert [len(child) for child in children if hasattr(child, "results")] == [MANY]


def test_it_can_take_the_place_of_a_task(app: Celery, tasks: Any, work: Callable[[], None]) -> None:
    @app.task(name="replaced", bind=True)
    def replaced(self: Any) -> None:
        self.replace(group(tasks.same.s(n) for n in range(MANY)))

    work()
    assert replaced.delay().get(timeout=20) == list(range(MANY))


def test_it_is_read_as_it_runs_when_calls_are_eager(app: Celery, tasks: Any) -> None:
    app.conf.task_always_eager = True

    def calls() -> Iterator[Any]:
        for number in range(MANY):
            assert tasks.ran == list(range(number))
            yield tasks.same.s(number)

    assert chord(calls(), tasks.listed.s(), app=app)().get() == list(range(MANY))
    assert group((tasks.same.s(n) for n in range(3)), app=app)().get() == [0, 1, 2]


# -- what goes wrong


@pytest.mark.usefixtures("by_size")
def test_a_chord_whose_generator_raises_fails(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    body = tasks.listed.s().on_error(tasks.failed.s())
    work()
    with pytest.raises(LookupError, match="no more"):
        chord(broken(MANY, tasks.same), body, app=app).apply_async(task_id="body")
    with pytest.raises(ChordError, match=rf"not sent to its end.* {2 * PAGE} calls.*no more"):
        app.AsyncResult("body").get(timeout=10)
    until(lambda: tasks.failures == ["body"], "the errback is called", 10)
    until(lambda: len(tasks.ran) == 2 * PAGE, "what was sent runs", 10)


@pytest.mark.usefixtures("by_size")
def test_a_group_whose_generator_raises_leaves_what_was_sent(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    with pytest.raises(LookupError, match="no more"):
        group(broken(MANY, tasks.same), app=app).apply_async()
    work()
    until(lambda: sorted(tasks.ran) == list(range(2 * PAGE)), "what was sent runs", 10)


@pytest.mark.usefixtures("by_size")
@pytest.mark.parametrize("kind", [group, chord])
def test_nothing_is_sent_if_it_raises_in_the_first_page(
    kind: Any, app: Celery, tasks: Any, engine: MemoryEngine
) -> None:
    canvas = kind(broken(PAGE - 1, tasks.same), app=app)
    with pytest.raises(LookupError, match="no more"):
        canvas(tasks.listed.s()) if kind is chord else canvas()
    assert stored(engine) == 0
    assert engine._chords.chords == {}


def test_a_member_that_cannot_be_sent_ends_the_chord(
    app: Celery, tasks: Any, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    values = [*range(PAGE + 1), object(), *range(PAGE)]
    canvas = chord((tasks.same.s(value) for value in values), tasks.listed.s(), app=app)
    for body_id in ("first", "second"):
        with pytest.raises(EncodeError):
            canvas.apply_async(task_id=body_id)
    work()
    for body_id in ("first", "second"):
        with pytest.raises(ChordError, match="EncodeError"):
            app.AsyncResult(body_id).get(timeout=10)
    assert engine._chords.open == {}


def test_a_list_with_such_a_member_is_not_sent(
    app: Celery, tasks: Any, engine: MemoryEngine
) -> None:
    values = [*range(PAGE + 1), object()]
    with pytest.raises(EncodeError):
        chord([tasks.same.s(value) for value in values], tasks.listed.s(), app=app)()
    assert stored(engine) == 0


def test_an_abandoned_chord_fails_and_refuses_later_pages(
    app: Celery,
    tasks: Any,
    engine: MemoryEngine,
    work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "WAIT", 1)

    def calls() -> Iterator[Any]:
        for number in range(MANY):
            if number == PAGE + 1:
                # As if this process had been held up.
                until(engine.reap_chords, "the chord is abandoned", 10)
            yield tasks.same.s(number)

    work()
    with pytest.raises(StoreRefused, match="has ended as FAILURE"):
        chord(calls(), tasks.listed.s(), app=app).apply_async(task_id="body")
    with pytest.raises(ChordError, match=r"its caller, gen.*, was lost"):
        app.AsyncResult("body").get(timeout=10)


def test_a_generator_may_take_longer_than_the_wait(
    app: Celery,
    tasks: Any,
    engine: MemoryEngine,
    work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "WAIT", 500)
    monkeypatch.setattr(pages, "RENEW_EVERY", 0.02)

    def calls() -> Iterator[Any]:
        for number in range(PAGE + 1):
            yield tasks.same.s(number)
        ends = time.monotonic() + 1.5
        while time.monotonic() < ends:
            assert engine.reap_chords() == []
            time.sleep(0.01)
        yield tasks.same.s("late")

    work()
    result = chord(calls(), tasks.listed.s(), app=app)()
    assert result.get(timeout=10) == [*range(PAGE + 1), "late"]


# -- using it again, and its results


def test_it_can_be_sent_again(app: Celery, tasks: Any, work: Callable[[], None]) -> None:
    canvas = chord((tasks.same.s(n) for n in range(MANY)), tasks.listed.s(), app=app)
    results = [canvas.apply_async() for _ in range(2)]
    work()
    assert [result.get(timeout=20) for result in results] == 2 * [list(range(MANY))]
    assert len(canvas.tasks) == MANY


def test_of_very_many_members_none_are_kept(
    app: Celery, tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_list, "KEPT", 10)
    canvas = group(tasks.same.s(n) for n in range(11))
    assert len(canvas.apply_async()) == 11
    for use in (canvas.apply_async, lambda: len(canvas)):
        with pytest.raises(RuntimeError, match="make the canvas anew"):
            use()


def test_waiting_for_the_body_of_very_many_keeps_no_document_of_theirs(
    app: Celery, work: Callable[[], None], tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_ids, "KEPT", MANY - 1)
    monkeypatch.setattr(base, "PAGE", 20)

    @app.task(name="picky")
    def picky(value: int) -> int:
        if value == MANY - 2:
            raise KeyError(value)
        return value

    works = chord(tasks.same.s(number) for number in range(MANY))(tasks.listed.s())
    fails = chord(picky.s(number) for number in range(MANY))(tasks.listed.s())
    work()
    assert works.get(timeout=20) == list(range(MANY))
    with pytest.raises(KeyError, match=str(MANY - 2)):
        fails.get(timeout=20)
    for result in (works, fails):
        assert not result.parent.results.is_read
        assert len(result.parent) == MANY
        assert not result.parent.is_large


def test_its_results_are_like_those_of_a_list(
    app: Celery, tasks: Any, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    @app.task(name="silent", ignore_result=True)
    def silent() -> None:
        """Do nothing."""

    def calls() -> Iterator[Any]:
        for number in range(PAGE):
            yield tasks.same.s(number)
            yield silent.s()
        yield tasks.same.s("named").set(task_id="own-id")
        yield tasks.same.s(1) | tasks.add.s(1)
        yield app.signature("unknown")

    result = group(calls(), app=app)()
    sent = {envelope.task_id for envelope in engine._state.messages.values()}
    ids = [member.id for member in result]
    assert len(ids) == len(set(ids)) == 2 * PAGE + 3
    assert sent - {result[-2].parent.id} == {*ids} - {result[-2].id}
    assert ids[-3] == "own-id"
    assert [member.ignored for member in result][:4] == [False, True, False, True]
    assert [member.id for member in pickle.loads(pickle.dumps(result))] == ids
    work()
    assert result[0].get(timeout=10) == 0
    assert result[1].get(timeout=10) is None
    assert result[-2].get(timeout=10) == 2
