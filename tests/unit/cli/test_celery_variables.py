"""Variables that stand for options under the name `celery`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import pytest

from taskhub.cli import celery_variables, command_runner
from taskhub.cli.group import taskhub
from taskhub.cli.scheduler import scheduler
from taskhub.cli.worker import worker
from taskhub.cli.worker_settings import settings
from taskhub.command_hint import reset_options


@pytest.fixture(autouse=True)
def program() -> Iterator[None]:
    yield
    reset_options()


def run(
    monkeypatch: pytest.MonkeyPatch, *arguments: str, program: str = "celery", **more: Any
) -> dict[str, Any]:
    """Return what the command `worker` would be called with."""
    found: dict[str, Any] = {}

    def note(**options: Any) -> int:
        found.update(options, settings=settings(click.get_current_context()))
        return 0

    monkeypatch.setattr(worker, "callback", note)
    assert command_runner.run(arguments, program, **more) == 0
    return found


def test_options_are_taken_from_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CONCURRENCY": "3",
        "POOL": "threads",
        "QUEUES": "a,b",
        "HOSTNAME": "w1@%h",
        "LOGLEVEL": "DEBUG",
        "TASK_EVENTS": "1",
        "PREFETCH_MULTIPLIER": "2",
        "AUTOSCALE": "4,2",
        "WITHOUT_GOSSIP": "1",
        "SCHEDULE_FILENAME": "x",
        "INCLUDE": "",
    }.items():
        monkeypatch.setenv(f"CELERY_WORKER_{name}", value)
    found = run(monkeypatch, "worker", "-P", "solo")
    assert (found["concurrency"], found["pool"], found["queues"]) == (3, "solo", ("a,b",))
    assert (found["hostname"], found["loglevel"], found["include"]) == ("w1@%h", "debug", ())
    assert (found["autoscale"].most, found["schedule_filename"]) == (4, "x")
    assert found["settings"] == {"worker_send_task_events": True, "worker_prefetch_multiplier": 2}


def test_options_of_our_own_have_no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    # These may be somebody's settings.
    monkeypatch.setenv("CELERY_WORKER_LOG_FORMAT", "[%(asctime)s] %(message)s")
    monkeypatch.setenv("CELERY_WORKER_THREADS", "many")
    found = run(monkeypatch, "worker")
    assert (found["log_format"], found["threads"]) == (None, None)


def test_only_the_command_celery_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_WORKER_CONCURRENCY", "3")
    assert run(monkeypatch, "worker", program="taskhub")["concurrency"] is None
    # As Celery's `worker_main`.
    assert run(monkeypatch, "worker", app="m:app")["concurrency"] is None
    assert run(monkeypatch, "worker")["concurrency"] == 3


def test_names_of_options_that_are_others_here() -> None:
    environment = {"CELERY_BEAT_SCHEDULER": "m:S", "CELERY_BEAT_SCHEDULE": "f", "CELERY_QUIET": "1"}
    assert celery_variables.values(scheduler, "beat", environment) == {
        "scheduler_class": "m:S",
        "filename": "f",
    }
    assert celery_variables.values(taskhub, "", environment) == {"quiet": "1"}
