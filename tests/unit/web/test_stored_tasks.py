"""Stored messages that pages look up: those of a canvas, and those that rate limits hold back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from taskhub import Celery
from taskhub.engine.port.rate_limiter import PermitRequest, rate_of
from taskhub.web.queries import canvas_tasks, stored_tasks
from taskhub.web.queries.budget import Budget
from taskhub.web.queries.canvas_tasks import gather_canvas
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.stored_tasks import read_stored
from taskhub.web.queries.task_record import TaskRecord


@pytest.fixture
def store() -> Iterator[StoreView]:
    with Celery("stored", broker="memory://", set_as_current=False) as app:
        yield StoreView(app)


@pytest.fixture
def pages(store: StoreView, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many keys each call to the engine looks up; its pages hold 10."""
    sizes: list[int] = []
    stored = store.engine.stored

    def count(keys: Sequence[str]) -> Any:
        sizes.append(len(keys))
        return stored(keys)

    monkeypatch.setattr(store.engine, "stored", count)
    monkeypatch.setattr(stored_tasks, "PAGE", 10)
    return sizes


def send(store: StoreView, count: int) -> list[str]:
    """Send tasks that begin with "root"; returns their ids."""
    ids = [f"id{number}" for number in range(count)]
    for task_id in ids:
        store.app.send_task("shop.step", task_id=task_id, root_id="root")
    return ids


def test_keys_are_looked_up_in_pages(store: StoreView, pages: list[int]) -> None:
    ids = send(store, 25)

    assert list(read_stored(store, [*ids, "none"])) == ids
    assert read_stored(store, []) == {}
    assert pages == [10, 10, 6]


@pytest.mark.parametrize(("sent", "is_incomplete"), [(20, False), (21, True)])
def test_a_canvas_of_too_many_stored_messages_is_incomplete(
    store: StoreView,
    pages: list[int],
    monkeypatch: pytest.MonkeyPatch,
    sent: int,
    is_incomplete: bool,
) -> None:
    monkeypatch.setattr(canvas_tasks, "MOST_TASKS", 20)
    send(store, sent)

    known = gather_canvas(store, TaskRecord(id="root"))

    assert known.incomplete == is_incomplete
    assert len(known.records) == 21
    assert pages == [10, 10]


def hold_back(store: StoreView) -> None:
    """Let a worker claim all messages; only the first gets a permit."""
    claims = store.engine.claim("w1", ["celery"], 10_000).claims
    requests = [PermitRequest(each.key, each.token, "slow", rate_of(10)) for each in claims]
    store.engine.rate_limiter.acquire_permits("w1", requests)


def test_rate_limited_messages_are_looked_up_without_a_scan(
    store: StoreView, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = send(store, 3)
    store.app.send_task("shop.step", task_id=second)
    (again,) = store.engine.find_keys(f"{second}\n").keys
    hold_back(store)
    permits = [each.permit / 1000 for each in store.engine.rate_limited(0, 9)]
    for scan in ("rate_limited", "rate_limited_pages", "count_rate_limited"):
        monkeypatch.setattr(store.engine, scan, None)

    found = read_stored(store, [first, second, third, again])

    limited = {key: record.rate_limited_until for key, record in found.items()}
    assert limited[first] is None
    assert [limited[second], limited[third], limited[again]] == permits
    assert [record.is_claimed for record in found.values()] == [True, False, False, False]
    assert (found[again].id, found[again].key) == (second, again)


def test_rate_limited_messages_are_read_once_and_within_a_budget(
    store: StoreView, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(store, 1101)
    hold_back(store)
    pages: list[int] = []
    rate_limited_pages = store.engine.rate_limited_pages

    def count(queues: Any) -> Iterator[Any]:
        for page in rate_limited_pages(queues):
            pages.append(len(page))
            yield page

    monkeypatch.setattr(store.engine, "rate_limited_pages", count)

    found = [each.id for each in store.each_rate_limited(["celery"])]
    assert len(found) == len(set(found)) == 1100
    assert pages == [500, 500, 100]

    pages.clear()
    budget = Budget(-1.0)
    assert len(list(store.each_rate_limited(["celery"], budget))) == 500
    assert (pages, budget.has_stopped) == ([500], True)
    assert list(store.each_rate_limited([])) == []
