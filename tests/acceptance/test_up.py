"""`taskhub up`: a store, workers, a scheduler, and what to type next."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import Commands

SEND = "Modules.admin.tasks.default_tasks.send_email"
MAIL = json.dumps({"to": "you@example.com", "subject": "Hello", "body": "It works."})


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Commands]:
    """A directory with nothing in it, and nothing configured."""
    (tmp_path / "pyproject.toml").touch()
    commands = Commands(tmp_path, {})
    yield commands
    commands.stop_all()


def test_a_newcomer_sends_an_email(fresh: Commands) -> None:
    up = fresh.start("up")
    up.wait_for("Ctrl-C stops it.")
    assert "the development store of this project" in up.output
    assert "2 processes x 8 threads" in up.output
    assert "default, email" in up.output
    assert "no broker configured" not in up.output
    assert "periodic ones start when their time comes" in up.output
    ended = fresh.run("call", SEND, "--kwargs", MAIL, "--wait", "--json")
    assert ended.returncode == 0, ended.stderr
    written = Path(json.loads(ended.stdout)["result"]["destination"])
    assert written.parent == fresh.directory / ".taskhub" / "outbox"
    assert "It works." in written.read_text()
    assert fresh.run("doctor").returncode == 0
    up.wait_for("leads, with 4 entries")
    schedule = fresh.run("schedule", "list", "--json")
    assert [json.loads(line)["name"] for line in schedule.stdout.splitlines()] == [
        "sync-daily-data",
        "check-system-status",
        "clean-temp-files",
        "send-daily-report",
    ]
    asked = time.monotonic()
    up.send(signal.SIGINT)
    assert up.wait() == 0
    assert time.monotonic() - asked < 8.0
    assert "Stopped." in up.output
    assert "has stopped" in up.output


def test_a_second_one_adds_workers(fresh: Commands) -> None:
    fresh.start("up", "-c", "1").wait_for("Ctrl-C stops it.")
    second = fresh.start("up", "-c", "1")
    second.wait_for("1 worker processes were here already")
    assert len(json.loads(fresh.run("status", "--json").stdout)["workers"]) == 2
    assert second.stop() == 0
    assert len(json.loads(fresh.run("status", "--json").stdout)["workers"]) == 1


def test_the_project_directory_of_the_settings_holds_everything(fresh: Commands) -> None:
    elsewhere = fresh.directory / "elsewhere"
    elsewhere.mkdir()
    (fresh.directory / "settings.py").write_text(
        f"taskhub_project_directory = {str(elsewhere)!r}\n"
    )
    settings = {"TASKHUB_CONFIG": "settings"}
    up = fresh.start("up", "-c", "1", **settings)
    up.wait_for("Ctrl-C stops it.")
    home = elsewhere / ".taskhub"
    assert str(home / "worker.log") in up.output
    assert "takes over" not in up.output
    ended = fresh.run("call", SEND, "--kwargs", MAIL, "--wait", "--json", **settings)
    assert ended.returncode == 0, ended.stderr
    assert len(list((home / "outbox").glob("*.eml"))) == 1
    doctor = fresh.run("doctor", **settings)
    assert f"{home} is closed to other users" in doctor.stdout
    assert str(home / "outbox") in doctor.stdout
    assert up.stop() == 0
    assert "send_email" in (home / "worker.log").read_text()
    assert not (fresh.directory / ".taskhub").exists()
