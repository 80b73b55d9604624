"""A store, a user's project, and the commands run in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import Commands
from tests.support.servers import Server, start_valkey

PROJECT = """
import os, subprocess, sys, time
from taskhub import Celery

# Nobody waits for workers that know more tasks.
app = Celery("project", task_unknown_grace=0.2)

def note(word):
    with open("journal", "a") as journal:
        journal.write(f"{word} {os.getpid()} {time.time()}\\n")

@app.task
def add(x, y):
    return x + y

@app.task
def fail():
    raise ValueError("no luck")

@app.task
def work(seconds):
    note("begin")
    time.sleep(seconds)
    note("end")
    return os.getpid()

@app.task
def leave_orphans(number):
    # Each ends long after the process that started it, and before it is asked for.
    for _ in range(number):
        subprocess.run(["sh", "-c", "sleep 0.2 & exit 0"])
    time.sleep(0.5)

if __name__ == "__main__":
    # As PID 1 of a container: orphans become children of the supervisor, which this process becomes.
    import ctypes
    PR_SET_CHILD_SUBREAPER = 36
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    os.execv(sys.executable, [sys.executable, "-m", "taskhub", "worker", "-c", "1"])

@app.task(queue="other")
def elsewhere():
    return 1
"""


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_valkey(tmp_path_factory.mktemp("store")) as server:
        yield server


@pytest.fixture
def commands(store: Server, tmp_path: Path) -> Iterator[Commands]:
    """The commands, in a directory with the module `project`, on an empty store."""
    (tmp_path / "project.py").write_text(PROJECT)
    found = Commands(tmp_path, {"TASKHUB_BROKER_URL": store.url, "TASKHUB_APP": "project"})
    yield found
    found.stop_all()


def journal(directory: Path) -> list[tuple[str, int, float]]:
    """Return what the tasks noted: word, process id, time."""
    path = directory / "journal"
    if not path.exists():
        return []
    lines = [line.split() for line in path.read_text().splitlines()]
    return [(word, int(process), float(at)) for word, process, at in lines]
