"""The file that names a running worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from taskhub.worker.supervisor.pidfile import AlreadyRunning, pidfile_held, read_pidfile


def test_it_is_held_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "run" / "worker.pid"
    with pidfile_held(path):
        assert read_pidfile(path) == os.getpid()
        assert [found.name for found in path.parent.iterdir()] == ["worker.pid"]
    assert list(path.parent.iterdir()) == []


def test_one_of_a_running_process_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "worker.pid"
    path.write_text(f"{os.getppid()}\n")
    with (
        pytest.raises(AlreadyRunning, match=f"names process {os.getppid()}, which runs"),
        pidfile_held(path),
    ):
        raise AssertionError("not reached")
    assert read_pidfile(path) == os.getppid()
    assert [found.name for found in tmp_path.iterdir()] == ["worker.pid"]


@pytest.mark.parametrize("text", ["", "nonsense", "99999999999"])
def test_one_that_names_nothing_is_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "worker.pid"
    path.write_text(text)
    with pidfile_held(path):
        assert read_pidfile(path) == os.getpid()


def test_one_that_was_left_behind_is_replaced(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    path = tmp_path / "worker.pid"
    path.write_text(str(process.pid))
    with pidfile_held(path):
        assert read_pidfile(path) == os.getpid()


def test_one_that_somebody_else_has_taken_over_stays(tmp_path: Path) -> None:
    path = tmp_path / "worker.pid"
    with pidfile_held(path):
        path.write_text(f"{os.getppid()}\n")
    assert read_pidfile(path) == os.getppid()


def test_sigterm_removes_it_before_other_handlers_are_set(tmp_path: Path) -> None:
    path = tmp_path / "worker.pid"
    program = f"""
import time
from pathlib import Path
from taskhub.worker.supervisor.pidfile import pidfile_held

with pidfile_held(Path({str(path)!r})):
    print("held", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == b"held\n"
        process.terminate()
        assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
