"""`taskhub scheduler --healthcheck`: turns that are late, and files that were left behind."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from taskhub.cli.command_runner import CommandError
from taskhub.cli.scheduler_health import LATE_AFTER, Heartbeat, check_scheduler
from taskhub.worker.runtime_directory import runtime_directory


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return runtime_directory()


def test_a_scheduler_with_turns_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    heartbeat = Heartbeat()
    heartbeat.renew()
    assert check_scheduler() == 0
    assert f"scheduler (process {os.getpid()}): its last turn was 0." in capsys.readouterr().out
    heartbeat.close()
    with pytest.raises(CommandError, match="no scheduler of this user runs here"):
        check_scheduler()


def test_one_without_turns_is_not(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heartbeat = Heartbeat()
    (path,) = directory.iterdir()
    late = time.time() - LATE_AFTER - 5
    os.utime(path, (late, late))
    assert check_scheduler() == 1
    assert "its last turn was 65." in capsys.readouterr().out
    heartbeat.renew()
    assert check_scheduler() == 0


def test_a_file_of_a_process_that_was_killed_is_removed(directory: Path) -> None:
    # No process has this number.
    left = directory / f"scheduler-{2**22 + 1}.turn"
    left.touch()
    with pytest.raises(CommandError):
        check_scheduler()
    assert not left.exists()


def test_without_a_directory_there_are_no_checks(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    heartbeat = Heartbeat()
    heartbeat.renew()
    heartbeat.close()
    assert "no health checks are answered" in caplog.text
