"""What is no canvas, or cannot come to a result: refused where it is written, or else a failure of the awaited id."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from taskhub.app.app import Celery
from taskhub.canvas import chain, chord, chunks, group, maybe_signature, signature
from taskhub.exceptions import ChordError, EncodeError, NotRegistered
from tests.support.workers import until

Make = Callable[[Any], Any]


@pytest.fixture
def tasks(app: Celery) -> Any:
    """Tasks, some of which cannot come to a result."""

    @app.task(name="same", shared=False)
    def same(value: Any = None) -> Any:
        return value

    @app.task(name="total", shared=False)
    def total(values: list[int]) -> int:
        return sum(values)

    @app.task(name="fails", shared=False)
    def fails(*_: Any) -> None:
        raise KeyError("why")

    @app.task(name="unserializable", shared=False)
    def unserializable(*_: Any) -> object:
        return object()

    @app.task(name="silent", ignore_result=True, shared=False)
    def silent(value: Any = None) -> Any:
        return value

    @app.task(name="replaced", bind=True, shared=False)
    def replaced(self: Any, by: Any) -> Any:
        return self.replace(by)

    @app.task(name="adding", bind=True, shared=False)
    def adding(self: Any, added: Any) -> int:
        self.add_to_chord(added)
        return 1

    return SimpleNamespace(
        same=same,
        total=total,
        fails=fails,
        unserializable=unserializable,
        silent=silent,
        replaced=replaced,
        adding=adding,
        unknown=app.signature("not.registered"),
    )


# -- what is no signature

NO_SIGNATURES = (5, "same", None, {"a": 1}, {"task": None}, object(), [5])

PLACES: dict[str, Callable[[Any, Any], Any]] = {
    "link": lambda t, value: chain(t.same.s(1), value),
    "member": lambda t, value: group(t.same.s(1), value),
    "members": lambda t, value: group([value]),
    "generator": lambda t, value: group(one for one in [value]).apply_async(),
    "part": lambda t, value: chord([t.same.s(1), value], t.total.s()),
    "body": lambda t, value: chord([t.same.s(1)], value).apply_async(),
    "callback": lambda t, value: t.same.s(1).link(value),
    "errback": lambda t, value: t.same.s(1).on_error(value),
    "callback of a chord": lambda t, value: chord([t.same.s(1)], t.total.s()).link(value),
    "errback of a chord": lambda t, value: chord([t.same.s(1)], t.total.s()).link_error(value),
    "callback of a group": lambda t, value: group(t.same.s(1)).link(value),
    "errback of a group": lambda t, value: group(t.same.s(1)).link_error(value),
    "callback of a call": lambda t, value: t.same.apply_async((1,), link=[value]),
    "errback of a call": lambda t, value: t.same.apply_async((1,), link_error=[value]),
}


@pytest.mark.parametrize(
    "value", NO_SIGNATURES, ids=lambda value: re.sub(" at 0x.*>", "", repr(value))
)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_signature_is_refused(app: Celery, tasks: Any, place: str, value: Any) -> None:
    with pytest.raises(TypeError) as raised:
        PLACES[place](tasks, value)
    assert (
        "signatures, as task.s() makes them" in str(raised.value)
        or (f"{value!r}" in str(raised.value) and "is no signature" in str(raised.value))
        or (place == "body" and value is None)
    )
    assert app.engine.queues() == {}


@pytest.mark.parametrize("make", [chain, group, lambda value: chord(value, "body")])
def test_a_task_is_not_taken_for_its_signature(tasks: Any, make: Make) -> None:
    for value in (tasks.same, 5, None):
        with pytest.raises(TypeError, match=r"task\.s\(\) makes them"):
            make(value)


def test_dictionaries_are_signatures_if_they_name_a_task(app: Celery, tasks: Any) -> None:
    bare = {"task": "same"}
    assert dict(maybe_signature(bare)) == dict(app.signature("same"))
    assert dict(signature(bare)) == dict(app.signature("same"))
    assert (tasks.same.s(1) | bare)["subtask_type"] == "chain"
    assert (bare | tasks.same.s()).tasks[0] == app.signature("same")
    with pytest.raises(TypeError, match=r"not of \{'a': 1\}"):
        tasks.same.s(1) | {"a": 1}
    with pytest.raises(ValueError, match="of the kind 'tree'"):
        maybe_signature({"task": "same", "subtask_type": "tree"})


@pytest.mark.parametrize(("size", "error"), [(0, ValueError), (-1, ValueError), ("2", TypeError)])
def test_chunks_have_a_size(tasks: Any, size: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        chunks(tasks.same.s(), [(1,), (2,)], size)


# -- what contains itself


def _group(t: Any) -> Any:
    canvas = group(t.same.s(1))
    canvas.tasks.append(canvas)
    return canvas


def _chain(t: Any) -> Any:
    canvas = chain(t.same.s(1), t.same.s())
    canvas.tasks.append(canvas)
    return canvas


def _header(t: Any) -> Any:
    canvas = chord([t.same.s(1)], t.total.s())
    canvas.tasks.append(canvas)
    return canvas


def _body(t: Any) -> Any:
    canvas = chord([t.same.si(1)], t.total.s())
    canvas.body = canvas
    return canvas


def _two(t: Any) -> Any:
    inner = chain(t.same.s(1), t.same.s())
    canvas = group([inner, t.same.s(2)])
    canvas.tasks[0].tasks.append(canvas)
    return canvas


WALKS: dict[str, Make] = {
    "send": lambda canvas: canvas.apply_async(),
    "run": lambda canvas: canvas.apply(),
    "freeze": lambda canvas: canvas.freeze(),
    "clone": lambda canvas: canvas.clone(),
    "stamp": lambda canvas: canvas.stamp(who="me"),
    "join": lambda canvas: chain(canvas, canvas),
}


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("make", [_group, _chain, _header, _body, _two])
def test_what_contains_itself_is_refused(app: Celery, tasks: Any, make: Make, walk: str) -> None:
    canvas = make(tasks)
    with pytest.raises(ValueError, match="A canvas cannot contain itself: "):
        WALKS[walk](canvas)
    assert "..." in repr(canvas)
    assert app.engine.queues() == {}


def test_what_calls_itself_for_ever_is_refused(tasks: Any) -> None:
    first, second = tasks.same.s(1), tasks.same.s(2)
    for link in (first.link, first.link_error, first.on_error):
        with pytest.raises(ValueError, match="its own callback"):
            link(first)
    first.link(second)
    with pytest.raises(ValueError, match="its own callback"):
        second.link(first)
    assert "link" not in second.options
    first.set(link=first)
    with pytest.raises(EncodeError, match="contains itself"):
        first.apply_async()


def test_the_same_signature_may_stand_in_many_places(tasks: Any, work: Callable[[], None]) -> None:
    call = tasks.same.s(1)
    result = chord([call, call, chain(call, tasks.same.s())], tasks.total.s()).apply_async()
    work()
    assert result.get(timeout=30) == 3


# -- what cannot come to a result

ENDINGS: dict[str, tuple[Make, type[Exception]]] = {
    "unknown task": (lambda t: t.unknown.clone((1,)), NotRegistered),
    "unknown link": (lambda t: chain(t.same.s(1), t.unknown, t.same.s()), NotRegistered),
    "unknown member": (lambda t: group(t.same.s(1), t.unknown.clone((1,))), NotRegistered),
    "unknown part": (
        lambda t: chord([t.same.s(1), t.unknown.clone((1,))], t.total.s()),
        NotRegistered,
    ),
    "unknown body": (lambda t: chord([t.same.s(1)], t.unknown), NotRegistered),
    "unserializable link": (lambda t: chain(t.unserializable.s(), t.same.s()), EncodeError),
    "unserializable member": (lambda t: group(t.unserializable.s(), t.same.s(1)), EncodeError),
    "unserializable part": (
        lambda t: chord([t.unserializable.s(), t.same.s(1)], t.total.s()),
        EncodeError,
    ),
    "unserializable body": (lambda t: chord([t.same.s(1)], t.unserializable.s()), EncodeError),
    "body that raises": (lambda t: chord([t.same.s(1)], t.fails.s()), KeyError),
    "chain as body that raises": (
        lambda t: chord([t.same.s(1)], t.fails.s() | t.same.s()),
        KeyError,
    ),
    "silent part that raises": (
        lambda t: chord([t.fails.s().set(ignore_result=True), t.same.s(1)], t.total.s()),
        ChordError,
    ),
    "replaced by none": (lambda t: t.replaced.s(5), TypeError),
    "replaced by nothing": (lambda t: t.replaced.s(None), TypeError),
    "adding none": (lambda t: chord([t.adding.s({"a": 1})], t.total.s()), TypeError),
    "adding outside of a chord": (lambda t: t.adding.s({"task": "same"}), ValueError),
}


def test_whoever_waits_is_told_the_cause(tasks: Any, work: Callable[[], None]) -> None:
    sent = {name: make(tasks).apply_async() for name, (make, _) in ENDINGS.items()}
    work()
    raised = {}
    for name, result in sent.items():
        try:
            raised[name] = repr(result.get(timeout=30))
        except Exception as error:
            raised[name] = type(error)
    assert raised == {name: error for name, (_, error) in ENDINGS.items()}
    # Not only the caller who holds the tree: the id alone is enough.
    for name, result in sent.items():
        if not name.endswith("member"):
            until(lambda result=result: result.state == "FAILURE", f"{name} to end", 30.0)
            assert isinstance(result.result, Exception)


# -- results that are not stored


def test_what_is_not_stored_is_not_waited_for(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    canvases = {
        "link": chain(tasks.same.s(1), tasks.silent.s()),
        "body": chord([tasks.same.s(1)], tasks.silent.s()),
        "member": group(tasks.same.s(1), tasks.silent.s(2)),
        "nested": group(chord([tasks.same.s(1)], tasks.silent.s()), tasks.same.s(3)),
    }
    sent = {name: canvas.apply_async() for name, canvas in canvases.items()}
    ignoring = chord([tasks.same.s(1)], tasks.same.s()).apply_async(ignore_result=True)
    group_of_them = group([tasks.same.s(1), tasks.same.s(2)]).apply_async(ignore_result=True)
    work()
    assert {name: result.get(timeout=30) for name, result in sent.items()} == {
        "link": None,
        "body": None,
        "member": [1, None],
        "nested": [None, 3],
    }
    assert ignoring.get(timeout=30) is None
    assert group_of_them.get(timeout=30) == [None, None]


def test_parts_that_store_no_result_count(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    app.conf.task_ignore_result = True
    header = [tasks.silent.s(1), tasks.silent.s(2) | tasks.silent.s(), tasks.same.s(3)]
    body = tasks.total.s().set(ignore_result=False)
    result = chord(header, body).apply_async()
    work()
    assert result.get(timeout=30, follow_parents=False) == 6


def test_who_waits_for_a_replaced_call_is_told_what_took_its_place(
    tasks: Any, work: Callable[[], None]
) -> None:
    canvases = [tasks.silent.s(5), chain(tasks.same.s(5), tasks.silent.s())]
    results = [tasks.replaced.delay(json.loads(json.dumps(canvas))) for canvas in canvases]
    work()
    assert [result.get(timeout=30) for result in results] == [5, 5]


def test_results_that_expire_take_nothing_from_a_chord(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    """The store keeps what the body needs by itself, however short results are kept."""
    app.conf.result_expires = 0.001
    gate: list[int] = []

    @app.task(name="late", shared=False)
    def late() -> int:
        until(lambda: bool(gate), "the other part to be forgotten", 30.0)
        return 2

    result = chord([tasks.same.s(1), late.s()], tasks.total.s().set(task_id="body")).apply_async()
    work()
    first = result.parent.results[0]
    until(lambda: app.backend.get_documents([first.id]) == [None], "it to be forgotten", 30.0)
    with app.backend.follow(["body"], lambda _, document: gate.append(document)):
        gate.append(0)
        until(lambda: len(gate) > 1, "the body to end", 30.0)
    assert json.loads(gate[1])["result"] == 3
