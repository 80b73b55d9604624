"""Apps, tasks, signatures and results go to other processes by pickle, as `multiprocessing` sends them."""

from __future__ import annotations

import multiprocessing
import pickle
from typing import Any

import pytest

from taskhub.app.app import Celery

app = Celery("pickled", broker="memory://", result_expires=77, set_as_current=False)


@app.task(name="pickled.double")
def double(number: int) -> int:
    return 2 * number


class Shop(Celery):
    """A class of a program's own."""


def told(sent: Celery, other: Celery, queue: Any) -> None:
    """Tell what arrived; runs in the other process."""
    queue.put(
        (
            (sent is app, sent.conf.result_expires, sent.tasks["pickled.double"](4)),
            (type(other).__name__, other.main, other.conf.broker_url, other.conf.timezone),
        )
    )


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_another_process_gets_the_app(method: str) -> None:
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    # It is in no module, so it is made anew there.
    other = Shop("other", broker="redis://nowhere:1/0", timezone="Asia/Tokyo", set_as_current=False)
    process = context.Process(target=told, args=(app, other, queue))
    process.start()
    try:
        assert queue.get(timeout=60) == (
            (True, 77, 8),
            ("Shop", "other", "redis://nowhere:1/0", "Asia/Tokyo"),
        )
    finally:
        process.join(60)
        queue.close()
        queue.join_thread()


def test_apps_of_one_name_are_not_mistaken_for_each_other() -> None:
    first, second = (
        Celery("tasks", broker=f"redis://nowhere:{port}/0", set_as_current=False) for port in (1, 2)
    )
    assert pickle.loads(pickle.dumps(first)) is first
    assert pickle.loads(pickle.dumps(second)) is second


def test_what_cannot_be_pickled_stays_behind() -> None:
    routed = Celery("routed", broker="memory://", set_as_current=False, task_routes=lambda *_: None)
    routed.conf.result_expires = 5
    again = pickle.loads(pickle.dumps(routed))
    assert again.conf.result_expires == 5


def test_signatures_and_results() -> None:
    with app.as_current():
        assert pickle.loads(pickle.dumps(double.s(3))) == double.s(3)
        assert (
            pickle.loads(pickle.dumps(app.tasks["pickled.double"])) is app.tasks["pickled.double"]
        )
        result = app.AsyncResult("an id")
        assert pickle.loads(pickle.dumps(result)).id == "an id"
