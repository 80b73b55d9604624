"""Dead letters whose key is not their id, beside what the history has of that id."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taskhub import Celery
from taskhub.engine.port.claims import Completion
from taskhub.outcome import HistoryPart, Outcome
from taskhub.web.actions.task_actions import Applied, Batch, apply_batch
from taskhub.web.filter_parser import parse_filter
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.task_finder import find_task
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.task_search import TaskSearch

REASON = '{"reason": "Reject", "detail": "no", "traceback": null}'


@pytest.fixture
def app() -> Iterator[Celery]:
    with Celery("dead", broker="memory://", set_as_current=False) as made:
        yield made


def give_up_second(app: Celery, first: str, dead: str | None = None) -> str:
    """Have the second message of an id given up, and then end the first; return the second's key.

    Args:
        app: The app.
        first: State in which the first one ends.
        dead: Why the first one is given up, too.
    """
    engine = app.engine
    for text in ("first", "second"):
        app.send_task("shop.pay", (text,), task_id="a")
    before, after = engine.claim("w1", ["celery"], 10).claims
    assert before.key == "a"
    for claim, state, why in ((after, "FAILURE", REASON), (before, first, dead)):
        part = HistoryPart("shop.pay", state, "{}")
        outcome = Outcome("a", state, "{}", dead=why, history=part)
        assert engine.commit("w1", [Completion(claim, outcome)]) == [True]
    return after.key


def listed(app: Celery, text: str = "state:dead") -> list[TaskRecord]:
    search = TaskSearch(StoreView(app), parse_filter(text))
    found = list(search.each("failed"))
    assert search.count("failed").count == len(found)
    return found


def act(app: Celery, action: str, name: str) -> Applied:
    store = StoreView(app)
    return apply_batch(store, Batch(action, store.find_tasks([name]), "SIGTERM"))


def test_one_is_joined_with_the_failed_task_of_its_id(app: Celery) -> None:
    key = give_up_second(app, "FAILURE")

    (row,) = listed(app)
    assert (row.key, row.arguments, row.replayable) == (key, "'second'", True)
    assert act(app, "retry", "a").ids == ["a"]
    assert app.engine.dead_count() == 0
    (message,) = app.engine.waiting("celery", 0, 10)
    assert b"second" in message.body


def test_two_of_one_id_are_two_rows_with_keys_of_their_own(app: Celery) -> None:
    key = give_up_second(app, "FAILURE", REASON)

    assert {row.key: row.arguments for row in listed(app)} == {"a": "'first'", key: "'second'"}
    assert act(app, "delete", key).ids == ["a"]
    assert [row.key for row in listed(app)] == ["a"]


def test_one_beside_a_task_that_has_succeeded_is_deleted_alone(app: Celery) -> None:
    key = give_up_second(app, "SUCCESS")

    assert [(row.key, row.arguments) for row in listed(app)] == [(key, "'second'")]
    assert act(app, "delete", key).ids == ["a"]
    assert listed(app) == []
    (entry,) = app.engine.history.entries(["a"])
    assert entry is not None
    assert entry.state == "SUCCESS"
    assert app.engine.documents(["a"]) == [b"{}"]


def test_one_that_the_history_does_not_have_is_found_by_its_id(app: Celery) -> None:
    key = give_up_second(app, "SUCCESS")
    app.engine.history.delete(["a"])
    app.engine.forget(["a"])

    found = find_task(StoreView(app), "a")
    assert found is not None
    assert (found.key, found.arguments) == (key, "'second'")
