"""Tasks that start processes: by `os.fork()`, `multiprocessing` and `subprocess`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhub.exceptions import WorkerLostError
from tests.integration.worker.conftest import Journal, Stage, shared_stage
from tests.support.workers import until


def identity(pid: int) -> tuple[bytes, bytes]:
    """Return what a copy of a process has in common with it, and no other process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes(), Path(f"/proc/{pid}/environ").read_bytes()


def copies_of(pid: int) -> list[int]:
    """Return the processes that were forked from a process and run the same program."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != pid:
            with contextlib.suppress(OSError):
                if identity(int(entry.name)) == identity(pid):
                    found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage with one worker process for all tests of this module."""
    with shared_stage(tmp_path_factory.mktemp("forks")) as stage:
        stage.supervised(processes=1, threads=2)
        # The thread that follows results belongs to all tests, too.
        assert stage.send("add", 1, 2).get(timeout=60) == 3
        yield stage


@pytest.mark.parametrize("kind", ["fork", "fork_in_coroutine", "fork_natively", "fork_in_handler"])
@pytest.mark.parametrize("how", ["exit", "return", "raise", "_exit"])
def test_a_forked_child_ends_and_the_task_goes_on(
    served: Stage, journal: Journal, kind: str, how: str
) -> None:
    (pid,) = served.sets[0].pids
    if kind == "fork_natively":
        result = served.enqueue(served.native(kind, how, journal))
    else:
        result = served.send(kind, how, journal)
    assert result.get(timeout=30) == pid
    expected = {"exit": 3, "return": 0, "raise": 1, "_exit": 4}[how]
    if kind != "fork_in_handler" or how in ("exit", "_exit"):
        until(lambda: ("ended", expected) in journal.words, f"the child to end; {journal.words}")
    else:
        until(lambda: [word for word in journal.words if word[0] == "ended"], "the child to end")
    until(lambda: copies_of(pid) == [], "no copy of the worker to be left")
    # The worker is as it was, and nothing ended twice.
    assert served.send("add", 1, 2).get(timeout=30) == 3
    assert served.held == {}
    assert served.sets[0].pids == [pid]


def test_processes_of_multiprocessing_and_subprocess_end_as_they_are_told(
    served: Stage, journal: Journal
) -> None:
    (pid,) = served.sets[0].pids
    assert served.send("use_processes").get(timeout=30) == {
        "returned": 0,
        "raised": 1,
        "exited": 5,
        "terminated": -15,
        "subprocess": 6,
        "pool": [1, 4, 9],
    }
    assert served.send("mark", journal).get(timeout=30) == pid


def test_a_forked_child_that_is_killed_is_no_affair_of_the_worker(
    served: Stage, journal: Journal
) -> None:
    (pid,) = served.sets[0].pids
    result = served.send("fork", "sleep", journal)
    until(lambda: [word for word in journal.words if word[0] == "child"], "the child")
    child = next(word[1] for word in journal.words if word[0] == "child")
    os.kill(child, 15)
    until(lambda: ("ended", -15) in journal.words, f"the child to end; {journal.words}")
    assert result.get(timeout=30) == pid


def test_a_task_that_leaves_by_sys_exit_in_the_parent_is_lost_alone(
    served: Stage, journal: Journal
) -> None:
    result = served.send("fork", "both", journal)
    with pytest.raises(WorkerLostError, match="exitcode 3"):
        result.get(timeout=30)
    assert served.send("add", 1, 2).get(timeout=30) == 3
    assert len(served.sets[0].pids) == 1
