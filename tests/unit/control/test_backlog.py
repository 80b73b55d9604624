"""For how long messages have been ready."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskhub import Celery
from taskhub.control.backlog import is_served, nodes_serving, oldest_age, ready_since
from taskhub.message import Envelope
from taskhub.worker.leases.worker_info import WorkerInfo
from tests.support.workers import until


def envelope(**fields: Any) -> Envelope:
    """Return a stored message."""
    body = {"actor_name": "a", "args": [], "kwargs": {}, **fields}
    return Envelope("id", "q", 5, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("fields", "since"),
    [
        ({"message_timestamp": 5000}, 5.0),
        ({"message_timestamp": 5000, "options": {"scheduled": "1970-01-01T00:00:09+00:00"}}, 9.0),
        ({"message_timestamp": 5000, "options": {"scheduled": "1970-01-01T00:00:09"}}, 9.0),
        ({"message_timestamp": 5000, "options": {"scheduled": "1970-01-01T00:00:02+00:00"}}, 5.0),
        ({"message_timestamp": 5000, "options": {"ready_at": 7000}}, 7.0),
        ({}, None),
        ({"message_timestamp": "x"}, None),
        ({"message_timestamp": 5000, "options": [1]}, None),
    ],
)
def test_a_message_is_ready_when_it_was_sent_or_due(fields: Any, since: float | None) -> None:
    assert ready_since(envelope(**fields)) == since


def test_an_unreadable_message_does_not_tell() -> None:
    assert ready_since(Envelope("id", "q", 5, b"\xff")) is None


def test_the_oldest_of_all_priorities_counts() -> None:
    app = Celery("backlog", broker="memory://", set_as_current=False)

    @app.task
    def work() -> None: ...

    assert oldest_age(app, "celery") is None
    work.apply_async(priority=1)
    first = oldest_age(app, "celery")
    assert first is not None
    until(lambda: (oldest_age(app, "celery") or 0) > 0.05, "time to pass")
    work.apply_async(priority=9)

    age = oldest_age(app, "celery")
    assert age is not None
    assert 0.05 < age < 60


def test_who_serves_a_queue() -> None:
    def worker_info(node: str, *queues: str) -> WorkerInfo:
        return WorkerInfo(
            node=node, host="h", process=1, parent=1, queues=queues, threads=1, started=0.0
        )

    worker_infos = {
        "w1": worker_info("b", "x", "y"),
        "w2": worker_info("a", "x"),
        "w3": worker_info("a", "x"),
    }

    assert is_served("y", worker_infos)
    assert not is_served("z", worker_infos)
    assert nodes_serving(worker_infos, ["x", "y", "z"]) == {"x": ["a", "b"], "y": ["b"], "z": []}
