"""Tasks of one app and the others, and tasks with one name."""

from __future__ import annotations

import gc

import pytest

from taskhub import Celery
from taskhub.exceptions import DuplicateTaskNameWarning


def make(name: str) -> Celery:
    return Celery(name, broker="memory://", set_as_current=False)


def test_tasks_are_shared_unless_they_say_otherwise() -> None:
    first, second = make("first"), make("second")
    shared = first.task(name="sharing.shared")(lambda: "first")
    first.task(name="sharing.own", shared=False)(lambda: None)
    second.task(name="sharing.shared.too")(lambda: None)

    assert second.tasks["sharing.shared"].app is second
    assert shared.app is first
    assert "sharing.own" not in second.tasks


def test_a_closed_app_shares_nothing() -> None:
    first, second = make("first"), make("second")
    with first:
        first.task(name="sharing.closed")(lambda: None)

    assert "sharing.closed" not in second.tasks


def test_an_app_is_forgotten_with_its_last_reference() -> None:
    first, second = make("first"), make("second")
    first.task(name="sharing.forgotten")(lambda: None)
    del first
    gc.collect()

    assert "sharing.forgotten" not in second.tasks


def test_two_functions_with_one_name_are_told() -> None:
    app = make("app")
    first = app.task(name="sharing.twice")(lambda: 1)

    with pytest.warns(DuplicateTaskNameWarning, match=r"Two tasks are named 'sharing\.twice'"):
        second = app.task(name="sharing.twice")(lambda: 2)

    assert second is first
