"""Queues of calls that name exchanges and keys instead."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from taskhub.app.routing import Exchange, Queue, Routes
from taskhub.exceptions import ImproperlyConfigured, QueueNotFound

TASKS = Exchange("tasks", "topic")
QUEUES = [
    Queue("default", TASKS, "task.#"),
    Queue("feeds", TASKS, "feed.*.import"),
    Queue("plain", Exchange("plain"), "key"),
]


@pytest.mark.parametrize(
    ("options", "queue"),
    [
        ({}, "default"),
        ({"routing_key": "task"}, "default"),
        ({"routing_key": "task.a.b"}, "default"),
        ({"routing_key": "feed.a.import"}, "feeds"),
        ({"routing_key": "feed.a.b.import"}, "default"),
        ({"routing_key": "key"}, "plain"),
        ({"routing_key": "unknown"}, "default"),
        ({"exchange": "plain"}, "plain"),
        ({"exchange": Exchange("plain"), "routing_key": "key"}, "plain"),
        ({"exchange": "tasks", "routing_key": "feed.x.import"}, "feeds"),
        ({"exchange": "unknown"}, "unknown"),
        ({"queue": QUEUES[2]}, "plain"),
    ],
)
def test_exchanges_and_keys_find_their_queue(options: dict[str, Any], queue: str) -> None:
    assert Routes(None, QUEUES, "default").queue(options) == queue


def test_a_broadcast_is_refused_where_a_call_names_it_and_served_by_nobody() -> None:
    class Broadcast(NamedTuple):
        """As kombu's: a name of its own in every process."""

        name: str
        alias: str

    routes = Routes({"tell": {"queue": "all"}}, [*QUEUES, Broadcast("bcast.1", "all")], "default")
    assert routes.names == ("default", "feeds", "plain")
    with pytest.raises(QueueNotFound, match="'all' is a Broadcast of kombu's"):
        routes.queue(routes.options({}, "tell"))


def test_a_queue_that_is_not_configured_is_refused_if_so_set() -> None:
    with pytest.raises(QueueNotFound, match="'gone' missing from task_queues"):
        Routes(None, QUEUES, "default", False).queue({"queue": "gone"})


def test_a_router_that_cannot_be_imported_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"'no\.such\.router'"):
        Routes("no.such.router", None, "default")
