"""The state and value of a single result."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.current import set_current_app
from taskhub.result import AsyncResult, GroupResult, ResultBase, result_from_tuple
from taskhub.serialization.result_meta import encode_meta, extended_fields

End = Callable[..., None]


def test_an_unknown_id_is_pending(app: Celery) -> None:
    result: AsyncResult[Any] = AsyncResult("nobody", app=app)

    assert (result.state, result.status, result.result, result.info) == (
        "PENDING",
        "PENDING",
        None,
        None,
    )
    assert (result.children, result.traceback, result.date_done) == (None, None, None)
    assert [result.ready(), result.successful(), result.failed(), result.exists()] == [False] * 4


def test_a_return_value(app: Celery, end: End) -> None:
    end("one", {"answer": 42})
    result: AsyncResult[Any] = AsyncResult("one", app=app)

    assert result.ready()
    assert result.successful()
    assert not result.failed()
    assert result.exists()
    assert result.result == {"answer": 42}
    assert result.children == []
    assert result.date_done is not None
    assert datetime.now(UTC) - result.date_done < timedelta(minutes=1)


def test_a_failure(app: Celery, end: End) -> None:
    end("bad", KeyError("key", 1), states.FAILURE, "Traceback ...")
    result: AsyncResult[Any] = AsyncResult("bad", app=app)

    assert result.failed()
    assert isinstance(result.result, KeyError)
    assert result.result.args == ("key", 1)
    assert result.traceback == "Traceback ..."
    with pytest.raises(KeyError) as raised:
        result.get()
    assert raised.value.args == ("key", 1)
    assert result.get(propagate=False) is result.result


def test_an_exception_raised_twice_does_not_gather_frames(app: Celery, end: End) -> None:
    end("bad", ValueError("no"), states.FAILURE)
    result: AsyncResult[Any] = AsyncResult("bad", app=app)

    def frames() -> int:
        with pytest.raises(ValueError, match="no") as raised:
            result.get()
        return len(raised.traceback)

    assert frames() == frames()


def test_states_of_a_tasks_own(app: Celery, end: End) -> None:
    result: AsyncResult[Any] = AsyncResult("slow", app=app)
    end("slow", {"done": 3}, "PROGRESS")

    assert result.state == "PROGRESS"
    assert result.info == {"done": 3}
    assert not result.ready()

    end("slow", {"done": 4}, "PROGRESS")
    assert result.info == {"done": 4}


def test_a_retry_tells_its_cause(app: Celery, end: End) -> None:
    end("again", ConnectionError("gone"), states.RETRY)
    result: AsyncResult[Any] = AsyncResult("again", app=app)

    assert result.state == "RETRY"
    assert isinstance(result.info, ConnectionError)
    assert isinstance(result.maybe_throw(), ConnectionError)


def test_what_has_ended_is_read_once(app: Celery, end: End) -> None:
    result: AsyncResult[Any] = AsyncResult("one", app=app)
    end("one", 1)
    assert result.result == 1

    app.engine.forget(["one"])

    assert result.result == 1
    assert result.get(timeout=0) == 1


def test_extended_results(app: Celery) -> None:
    document = encode_meta(
        task_id="one",
        status=states.SUCCESS,
        result=1,
        extended=extended_fields(
            name="add", args=[1, 2], kwargs={"z": 3}, worker="celery@here", retries=2, queue="slow"
        ),
    )
    app.engine.store_state("one", document, None)
    result: AsyncResult[Any] = AsyncResult("one", app=app)

    assert (result.name, result.args, result.kwargs) == ("add", [1, 2], {"z": 3})
    assert (result.worker, result.retries, result.queue) == ("celery@here", 2, "slow")


def test_children_are_results(app: Celery) -> None:
    children = [(("child", None), None), (("group", None), [(("inner", None), None)])]
    document = encode_meta(task_id="one", status=states.SUCCESS, result=1, children=children)
    app.engine.store_state("one", document, None)

    child, group = AsyncResult[Any]("one", app=app).children or []

    assert child == "child"
    assert isinstance(child, AsyncResult)
    assert isinstance(group, GroupResult)
    assert group.results == ["inner"]


def test_forget(app: Celery, end: End) -> None:
    parent: AsyncResult[Any] = AsyncResult("first", app=app)
    result: AsyncResult[Any] = AsyncResult("second", app=app, parent=parent)
    end("first", 1)
    end("second", 2)
    assert result.get() == 2

    result.forget()

    assert result.state == "PENDING"
    assert parent.state == "PENDING"


def test_it_equals_its_id(app: Celery) -> None:
    result: AsyncResult[Any] = AsyncResult("one", app=app)

    assert result == "one"
    assert result == AsyncResult("one", app=app)
    assert result != AsyncResult("two", app=app)
    assert result != 1
    assert "one" in [AsyncResult[Any]("two", app=app), result]
    assert {result: 1}["one"] == 1  # type: ignore[index]
    assert (str(result), repr(result)) == ("one", "<AsyncResult: one>")


def test_the_id_can_be_set(app: Celery) -> None:
    result: AsyncResult[Any] = AsyncResult("one", app=app)
    result.task_id = "two"

    assert result.id == result.task_id == "two"


def test_an_id_is_needed(app: Celery) -> None:
    with pytest.raises(ValueError, match="id"):
        AsyncResult(None, app=app)  # type: ignore[arg-type]


def test_parents(app: Celery) -> None:
    first: AsyncResult[Any] = AsyncResult("1", app=app)
    second: AsyncResult[Any] = AsyncResult("2", app=app, parent=first)
    third: AsyncResult[Any] = AsyncResult("3", app=app, parent=second)

    assert third.as_tuple() == (("3", (("2", (("1", None), None)), None)), None)
    assert third.as_list() == ["3", "2", "1"]
    assert third.root is first
    assert first.root is first


def test_tuples_are_read_back(app: Celery) -> None:
    inner: list[ResultBase] = [AsyncResult("2", app=app), AsyncResult("3", app=app)]
    group = GroupResult("g", inner, parent=AsyncResult("1", app=app), app=app)
    last: AsyncResult[Any] = AsyncResult("4", app=app, parent=group)

    again = result_from_tuple(last.as_tuple(), app)

    assert again == last
    assert again.parent == group
    assert again.as_tuple() == last.as_tuple()
    assert result_from_tuple(last, app) is last
    assert result_from_tuple(("plain", None), app) == "plain"


def test_a_result_that_a_task_returns_is_stored_as_its_tuple(app: Celery, end: End) -> None:
    end("one", AsyncResult("other", app=app))
    end("two", {"in": [AsyncResult("other", app=app)]})

    assert AsyncResult[Any]("one", app=app).result == [["other", None], None]
    assert AsyncResult[Any]("two", app=app).result == {"in": [[["other", None], None]]}


def test_copies_and_pickles(app: Celery, end: End) -> None:
    end("one", 1)
    set_current_app(app)
    result: AsyncResult[int] = AsyncResult("one", app=app, parent=AsyncResult("0", app=app))

    for other in (copy.copy(result), pickle.loads(pickle.dumps(result))):
        assert other == result
        assert other.parent == "0"
        assert other.get(timeout=0, follow_parents=False) == 1


def test_revoke_is_left_to_control(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    class Control:
        def revoke(self, *args: Any, **kwargs: Any) -> None:
            calls.append((args, kwargs))

        revoke_by_stamped_headers = revoke

    monkeypatch.setattr(app, "control", Control(), raising=False)
    result: AsyncResult[Any] = AsyncResult("one", app=app)

    result.revoke(terminate=True, signal="INT", wait=True, timeout=2)
    result.revoke_by_stamped_headers({"customer": ["7"]})
    GroupResult("g", [result], app=app).revoke()

    options = {"connection": None, "terminate": True, "signal": "INT", "reply": True, "timeout": 2}
    plain = {**options, "terminate": False, "signal": None, "reply": False, "timeout": None}
    assert calls == [
        (("one",), options),
        (({"customer": ["7"]},), plain),
        ((["one"],), plain),
    ]
