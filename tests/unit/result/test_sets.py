"""Results of several tasks."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.current import set_current_app
from taskhub.engine.port.results import DocumentCallback, Subscription
from taskhub.exceptions import ImproperlyConfigured, TimeoutError
from taskhub.result import AsyncResult, EagerResult, GroupResult, ResultSet

Call = Callable[..., None]
Make = Callable[..., GroupResult]


@pytest.fixture
def group(app: Celery) -> Make:
    """Return a function that makes a group: (ids, separated by spaces)."""

    def make(ids: str) -> GroupResult:
        return GroupResult("g", [AsyncResult[Any](name, app=app) for name in ids.split()], app=app)

    return make


def test_values_in_order_of_the_results(group: Make, end: Call, later: Call) -> None:
    for name in "cab":
        later(end, name, name.upper())

    assert group("a b c").get(timeout=5) == ["A", "B", "C"]
    assert group("a b c").join() == ["A", "B", "C"]
    assert group("a b a").join_native() == ["A", "B", "A"]
    assert group("").get() == []


def test_one_call_to_the_store_for_any_number(
    app: Celery, group: Make, end: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    read, follow = app.engine.documents, app.engine.follow

    def count_read(task_ids: Sequence[str]) -> list[bytes | None]:
        calls.append("documents")
        return read(task_ids)

    def count_follow(task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        calls.append("follow")
        return follow(task_ids, callback)

    monkeypatch.setattr(app.engine, "documents", count_read)
    monkeypatch.setattr(app.engine, "follow", count_follow)
    ids = " ".join(map(str, range(3000)))
    for name in ids.split()[:-1]:
        end(name, int(name))

    calls.clear()
    waiting = group(ids)
    assert waiting.completed_count() == 2999
    assert not waiting.ready()
    assert calls == ["documents"] * 2
    end("2999", 2999)
    calls.clear()
    assert group(ids).get(timeout=30) == list(range(3000))
    assert calls in (["follow"], ["follow", "documents"])


def test_states(group: Make, end: Call) -> None:
    results = group("a b c")
    end("a", 1)
    assert (results.ready(), results.waiting(), results.completed_count()) == (False, True, 1)
    assert (results.successful(), results.failed()) == (False, False)

    end("b", KeyError(), states.FAILURE)
    end("c", 3)
    assert (results.ready(), results.waiting(), results.completed_count()) == (True, False, 2)
    assert (results.successful(), results.failed()) == (False, True)
    assert group("a c").successful()


def test_a_failure_is_raised_when_it_arrives(group: Make, end: Call) -> None:
    end("b", KeyError("b"), states.FAILURE)

    with pytest.raises(KeyError):
        group("a b").get(timeout=5)
    with pytest.raises(TimeoutError, match="task a"):
        group("a b").join(timeout=0.02)
    with pytest.raises(TimeoutError):
        group("a b").get(timeout=0.02, propagate=False)


def test_failures_as_values(group: Make, end: Call) -> None:
    end("a", 1)
    end("b", KeyError("b"), states.FAILURE)

    first, second = group("a b").get(propagate=False)

    assert first == 1
    assert isinstance(second, KeyError)
    with pytest.raises(KeyError):
        group("a b").maybe_throw()
    group("a b").maybe_reraise(propagate=False)


def test_callbacks(group: Make, end: Call) -> None:
    seen: list[Any] = []
    end("a", 1)
    end("b", 2)

    assert group("a b").get(callback=lambda *given: seen.append(given)) is None
    assert group("a b").join(callback=lambda *given: seen.append(given)) == []

    assert sorted(seen[:2]) == seen[2:] == [("a", 1), ("b", 2)]
    with pytest.raises(ImproperlyConfigured):
        group("a b").join(on_message=seen.append)


def test_groups_in_groups(app: Celery, group: Make, end: Call) -> None:
    outer = GroupResult("outer", [AsyncResult[Any]("x", app=app), group("a b")], app=app)
    seen: list[Any] = []
    for name in "xab":
        end(name, name)

    assert outer.completed_count() == 2
    assert outer.get(timeout=5) == outer.join(timeout=5) == ["x", ["a", "b"]]
    outer.get(callback=lambda *given: seen.append(given))
    assert seen == [("x", "x"), ("g", ["a", "b"])]
    assert [name for name, _ in outer.iter_native()] == ["x", "g"]


def test_iteration_as_results_come(group: Make, end: Call) -> None:
    results = group("a b")
    end("b", 2)
    arrived = results.iter_native(timeout=5)

    name, meta = next(arrived)
    assert (name, meta["result"]) == ("b", 2)
    end("a", 1)
    assert next(arrived)[0] == "a"
    assert list(arrived) == []
    assert sorted(group("a b").iterate()) == [1, 2]


def test_a_failed_parent_ends_the_wait(app: Celery, group: Make, end: Call, later: Call) -> None:
    results = group("a b")
    results.parent = AsyncResult[Any]("before", app=app)
    later(end, "before", KeyError("before"), states.FAILURE)

    with pytest.raises(KeyError, match="before"):
        results.get(timeout=5)


def test_members(app: Celery) -> None:
    a, b = (AsyncResult[Any](name, app=app) for name in "ab")
    results = ResultSet([a], app=app)

    results.add(a)
    results.add(b)
    results.update([a, b, AsyncResult("c", app=app)])
    assert results.results == ["a", "b", "c"]
    assert (len(results), results[1], list(results)) == (3, b, [a, b, "c"])
    assert "b" in results

    results.remove("a")
    results.discard("a")
    results.discard(b)
    with pytest.raises(KeyError):
        results.remove("a")
    kept = results.results
    results.clear()
    assert kept == []


def test_then(group: Make, end: Call) -> None:
    ended = threading.Event()
    seen: list[Any] = []
    results = group("a b")

    def note(found: GroupResult) -> None:
        seen.append(found.get(timeout=0))
        ended.set()

    results.then(note)
    end("a", 1)
    assert not ended.wait(0.02)
    end("b", 2)

    assert ended.wait(5)
    assert seen == [[1, 2]]


def test_then_waits_for_what_is_added(app: Celery, group: Make, end: Call) -> None:
    ended = threading.Event()
    results = group("a")
    results.then(lambda _: ended.set())
    results.add(AsyncResult[Any]("b", app=app))

    end("a", 1)
    assert not ended.wait(0.05)
    end("b", 2)
    assert ended.wait(5)


def test_forget(app: Celery, group: Make, end: Call) -> None:
    results = group("a b")
    results.parent = AsyncResult[Any]("before", app=app)
    for name in ("a", "b", "before"):
        end(name, 1)

    results.forget()

    assert app.engine.documents(["a", "b", "before"]) == [None] * 3


def test_as_values(app: Celery, group: Make) -> None:
    set_current_app(app)
    results = group("a b")

    assert results == group("a b")
    assert results == "g"
    assert results != group("a")
    assert hash(results) == hash("g")
    assert ResultSet(results.results) == ResultSet(results.results)
    assert repr(results) == "<GroupResult: g [a, b]>"
    assert repr(ResultSet(results.results)) == "<ResultSet: [a, b]>"
    assert results.as_tuple() == (("g", None), [(("a", None), None), (("b", None), None)])
    assert results.children is results.results
    assert pickle.loads(pickle.dumps(results)) == results
    assert not GroupResult(None, [])
    assert GroupResult("g", [])


def test_eager_members_need_no_store() -> None:
    results = GroupResult("g", [EagerResult[Any](name, name, states.SUCCESS) for name in "ab"])

    assert results.get() == ["a", "b"]
    assert results.ready()
    assert results.successful()


def test_saved_groups_are_restored(app: Celery, group: Make) -> None:
    results = group("a b")

    assert results.save() is results

    assert GroupResult.restore("g", app=app) == results
    assert app.GroupResult.restore("g") == results
    results.delete()
    assert app.GroupResult.restore("g") is None
