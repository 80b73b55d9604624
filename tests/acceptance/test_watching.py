"""What can be seen of a worker from outside: metrics, statistics and events."""

from __future__ import annotations

import json
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.command import Commands, until
from tests.support.servers import find_free_port

#: What is told of a task that succeeds.
TOLD = ["task-received", "task-started", "task-succeeded"]


def samples(port: int) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return what Prometheus would read."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(port: int, name: str, **labels: str) -> float | None:
    return samples(port).get((name, frozenset(labels.items())))


@pytest.fixture
def port(commands: Commands) -> int:
    """Where the metrics of a worker are."""
    number = find_free_port()
    worker = commands.start("worker", "-c", "1", "-t", "2", "-E", "--metrics-port", str(number))
    worker.wait_for("is ready")
    # From then on tasks are counted.
    until(lambda: value(number, "taskhub_store_up"), "the store to be known to the metrics")
    return number


def test_metrics_tell_of_tasks_queues_and_processes(commands: Commands, port: int) -> None:
    for _ in range(3):
        commands.run("call", "project.add", "-a", "[1, 2]", "--wait")
    commands.run("call", "project.fail", "--wait")
    subject = {"task": "project.add", "queue": "celery"}
    until(
        lambda: value(port, "taskhub_tasks_total", outcome="done", **subject) == 3,
        "three tasks to be counted",
    )
    failed = {"task": "project.fail", "queue": "celery", "outcome": "failed"}
    assert value(port, "taskhub_tasks_total", **failed) == 1
    assert value(port, "taskhub_task_run_seconds_count", **subject) == 3
    assert value(port, "taskhub_task_run_seconds_bucket", le="+Inf", **subject) == 3
    assert value(port, "taskhub_task_wait_seconds_count", **subject) == 3
    assert value(port, "taskhub_queue_ready", queue="celery") == 0
    assert value(port, "taskhub_process_threads", process="1") == 2
    assert value(port, "taskhub_process_restarts_total", process="1") == 0
    assert (value(port, "taskhub_process_resident_memory_bytes", process="1") or 0) > 1e6
    assert value(port, "taskhub_store_up") == 1
    assert value(port, "taskhub_workers") == 1
    ages = [found for (name, _), found in samples(port).items() if "lease_age" in name]
    assert len(ages) == 1
    assert 0 <= ages[0] < 10


def test_a_port_that_is_taken_is_named(commands: Commands, port: int) -> None:
    done = commands.run("worker", "--metrics-port", str(port))
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-S", "some.module:Scheduler"), "knows taskhub's own scheduler only"),
        (("--metrics-address", "256.0.0.1"), "metrics cannot be served at 256.0.0.1:"),
    ],
    ids=("own scheduler", "address"),
)
def test_metrics_of_a_scheduler_that_cannot_be_served(
    commands: Commands, options: tuple[str, ...], said: str
) -> None:
    done = commands.run("scheduler", "--metrics-port", str(find_free_port()), *options)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert said in line


def test_statistics_and_events_tell_what_became_of_tasks(commands: Commands, port: int) -> None:
    commands.run("call", "project.add", "-a", "[1, 2]", "--wait")
    commands.run("call", "project.fail", "--wait")

    def counted() -> dict[str, dict[str, object]]:
        found = json.loads(commands.run("stats", "--json").stdout)
        return {entry["task"]: entry for entry in found["tasks"]}

    until(lambda: len(counted()) == 2, "both tasks to be counted")
    assert (counted()["project.add"]["done"], counted()["project.fail"]["failed"]) == (1, 1)
    table = commands.run("stats", "--since", "5m").stdout
    assert table.startswith("The last 5 min; durations: median, p95")
    assert "project.add" in table
    # Six about tasks and one of the worker are there; heartbeats come in between.
    done = commands.run("events", "--json", "--all", "--limit", "7")
    kinds = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    others = [kind for kind in kinds if kind != "worker-heartbeat"]
    assert others == ["worker-online", *TOLD, *TOLD[:2], "task-failed"][: len(others)]


@pytest.mark.parametrize("since", ["soon", "0h", "-1h"])
def test_a_time_that_is_none_is_named(commands: Commands, since: str) -> None:
    done = commands.run("stats", f"--since={since}")
    assert done.returncode == 2
    assert repr(since) in done.stderr


def test_events_must_be_asked_for_in_a_form(commands: Commands) -> None:
    done = commands.run("events")
    assert done.returncode == 2
    assert "--dump" in done.stderr


def test_asking_workers_does_not_import_the_tasks(commands: Commands) -> None:
    # Health checks run every few seconds; importing a large project takes longer than they may.
    (commands.directory / "fleet.py").write_text(
        "from taskhub import Celery\napp = Celery('fleet')\napp.conf.imports = ('trips',)\n"
    )
    (commands.directory / "trips.py").write_text(
        "from taskhub.control import inspect_command\n"
        "print('trips are imported')\n"
        "@inspect_command()\n"
        "def mileage(state):\n"
        "    return {'km': 7}\n"
    )
    commands.start("-A", "fleet", "worker", "-c", "1").wait_for("is ready")
    for asked in (["status"], ["inspect", "ping"]):
        told = commands.run("-A", "fleet", *asked)
        assert told.returncode == 0, told.stderr
        assert "trips are imported" not in told.stdout
    # A command of the app's own is among its tasks.
    assert '"km": 7' in commands.run("-A", "fleet", "inspect", "mileage", "-j").stdout
