"""Limits on tasks, with the real commands: what cannot be interrupted is ended all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.command import Commands, until
from tests.acceptance.conftest import journal

TASKS = """
import ctypes, os, re, time
from taskhub.exceptions import SoftTimeLimitExceeded
from project import app, note

@app.task
def sleep(seconds):
    note("begin")
    time.sleep(seconds)

@app.task
def hold_the_lock(seconds):
    note("begin")
    # Unlike time.sleep, this keeps the interpreter's lock.
    ctypes.PyDLL(None).sleep(seconds)
    note("never")

@app.task
def patient():
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            time.sleep(0.01)
    except SoftTimeLimitExceeded:
        return "tidied up"

@app.task
def process():
    return os.getpid()
"""


@pytest.fixture
def limited(commands: Commands) -> Commands:
    """The commands, with more tasks."""
    (commands.directory / "limited.py").write_text(TASKS)
    commands.environment["TASKHUB_APP"] = "limited"
    return commands


def call(commands: Commands, task: str, *arguments: object, limit: float | None = None) -> str:
    """Send a call; returns its id."""
    code = (
        f"import limited; print(limited.{task}.apply_async({arguments!r}, time_limit={limit!r}).id)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=commands.directory,
        env=commands.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.strip()


def ending(commands: Commands, task_id: str) -> dict[str, object]:
    """Wait for the end of a task."""
    found = commands.run("result", task_id, "--follow", "--json")
    assert found.stdout, found.stderr
    document: dict[str, object] = json.loads(found.stdout)
    return document


def processes(directory: Path) -> set[int]:
    return {process for _, process, _ in journal(directory)}


def test_a_sleeping_task_is_ended_and_its_process_replaced(limited: Commands) -> None:
    worker = limited.start("worker", "-c", "1", "-t", "2")
    worker.wait_for("is ready")
    other = call(limited, "sleep", 8)
    until(lambda: journal(limited.directory), "the other task to begin")
    stuck = ending(limited, call(limited, "sleep", 300, limit=0.5))
    assert stuck["state"] == "FAILURE"
    assert "TimeLimitExceeded(0.5" in str(stuck)
    worker.wait_for("takes over from process")
    # What else it ran is finished first.
    assert ending(limited, other)["state"] == "SUCCESS"
    (first,) = processes(limited.directory)
    until(lambda: not Path(f"/proc/{first}").exists(), "the stuck process to end")
    assert ending(limited, call(limited, "process"))["result"] != first
    assert worker.stop() == 0


def test_a_task_that_holds_the_interpreter_is_ended_and_does_not_run_again(
    limited: Commands,
) -> None:
    worker = limited.start("worker", "-c", "1", "-t", "2")
    worker.wait_for("is ready")
    stuck = ending(limited, call(limited, "hold_the_lock", 300, limit=0.5))
    assert stuck["state"] == "FAILURE"
    assert "TimeLimitExceeded(0.5" in str(stuck)
    assert [word for word, _, _ in journal(limited.directory)] == ["begin"]
    assert ending(limited, call(limited, "process"))["state"] == "SUCCESS"
    assert worker.stop() == 0


def test_under_plain_dramatiq_another_thread_takes_the_place_of_a_stuck_one(
    limited: Commands,
) -> None:
    worker = limited.start("limited", "-p", "1", "-t", "1", module="dramatiq")
    worker.wait_for("Worker process is ready for action.")
    stuck = ending(limited, call(limited, "sleep", 300, limit=0.5))
    assert stuck["state"] == "FAILURE"
    (first,) = processes(limited.directory)
    assert ending(limited, call(limited, "process"))["result"] == first
    assert worker.stop() == 0


def test_the_worker_s_own_limits_are_for_tasks_without_any(limited: Commands) -> None:
    worker = limited.start("worker", "-c", "1", "--soft-time-limit", "0.5", "--time-limit", "60")
    worker.wait_for("is ready")
    assert ending(limited, call(limited, "patient"))["result"] == "tidied up"
    assert worker.stop() == 0
