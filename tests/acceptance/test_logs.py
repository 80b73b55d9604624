"""What `taskhub worker` logs, and where."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.acceptance.command import Commands, until


def rotate(path: Path) -> None:
    """Move a file away, as logrotate does."""
    path.rename(path.with_suffix(".old"))


def test_after_logrotate_every_process_goes_on_in_a_new_file(commands: Commands) -> None:
    log = commands.directory / "worker.log"
    worker = commands.start("worker", "-c", "1", "-t", "1", "-B", "-f", "worker.log")
    until(lambda: log.exists() and "leads" in log.read_text(), "the worker and its scheduler")
    rotate(log)
    assert commands.run("call", "project.add", "-a", "[1, 2]", "--wait").returncode == 0
    until(lambda: log.exists() and "project.add" in log.read_text(), "a line of the process")
    pid = int(commands.run("call", "project.work", "-a", "[0]", "--wait").stdout.split()[-1])
    rotate(log)
    os.kill(pid, signal.SIGKILL)
    until(lambda: log.exists() and "was killed by" in log.read_text(), "a line of the supervisor")
    rotate(log)
    worker.send(signal.SIGTERM)
    worker.wait()
    assert "is stopping" in log.read_text()
    assert "scheduler" in log.read_text()


def test_after_logrotate_detached_workers_go_on_in_a_new_file(commands: Commands) -> None:
    files = ("--pidfile=w.pid", "--logfile=w.log")
    assert commands.run("worker", "-c", "1", "-t", "1", "-D", *files).returncode == 0
    log, pid = commands.directory / "w.log", commands.directory / "w.pid"
    until(lambda: log.exists() and "is ready: " in log.read_text(), "the worker")
    process = int(pid.read_text())
    rotate(log)
    os.kill(process, signal.SIGTERM)
    until(lambda: not pid.exists(), "the worker to end")
    assert "is stopping" in log.read_text()
