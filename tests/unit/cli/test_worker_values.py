"""Options of `taskhub worker` as values: node names, queues, the plan."""

from __future__ import annotations

import pytest

from taskhub.cli.worker import split_names
from taskhub.worker.nodename import expand_nodename
from taskhub.worker.supervisor.concurrency import ConcurrencyOptions
from taskhub.worker.supervisor.plan import WorkerPlan


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
        concurrency=ConcurrencyOptions(pool="threads", concurrency="auto", most=4, least=2),
        queues=("a", "b"),
        loglevel="INFO",
        shutdown_timeout=1.5,
        settings={"worker_max_tasks_per_child": 3},
    )
    assert WorkerPlan.from_json(plan.to_json()) == plan
