"""Stored messages that pages look up: those of a canvas, in pages and within a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from taskhub import Celery
from taskhub.web.queries import canvas_tasks, stored_tasks
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
