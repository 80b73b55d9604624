"""Options of `taskhub worker` as values: pools, node names, queues."""

from __future__ import annotations

import pytest

from taskhub.cli.pools import Shape, shape
from taskhub.cli.worker import split_names
from taskhub.worker.nodename import expand_nodename
from taskhub.worker.plan import WorkerPlan


@pytest.mark.parametrize(
    ("pool", "concurrency", "threads", "expected"),
    [
        (None, None, None, Shape(2, None)),
        (None, 3, 5, Shape(3, 5)),
        ("prefork", 4, None, Shape(4, 1)),
        ("processes", None, None, Shape(2, 1)),
        ("prefork", 4, 2, Shape(4, 2)),
        ("threads", 20, None, Shape(1, 20)),
        ("gevent", 1000, None, Shape(1, 1000)),
        ("eventlet", None, None, Shape(1, 8)),
        ("solo", 4, 4, Shape(1, 1)),
    ],
)
def test_pools(
    pool: str | None, concurrency: int | None, threads: int | None, expected: Shape
) -> None:
    assert shape(pool, concurrency, threads) == expected


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (None, "celery@one.example.com"),
        ("mail", "mail@one.example.com"),
        ("mail@%n", "mail@one"),
        ("%n@%d", "one@example.com"),
        ("mail@elsewhere", "mail@elsewhere"),
    ],
)
def test_node_names(pattern: str | None, name: str) -> None:
    assert expand_nodename(pattern, "one.example.com") == name


def test_queues_are_separated_by_commas() -> None:
    assert split_names(("a, b", "c,a,")) == ("a", "b", "c")


def test_a_plan_survives_the_command_line() -> None:
    plan = WorkerPlan(
        app="m:app",
        nodename="celery@h",
        processes=2,
        threads=None,
        queues=("a", "b"),
        loglevel="INFO",
        shutdown_timeout=1.5,
        settings={"worker_max_tasks_per_child": 3},
    )
    assert WorkerPlan.from_json(plan.to_json()) == plan
