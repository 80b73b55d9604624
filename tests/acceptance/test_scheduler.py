"""`taskhub scheduler`, `beat`, `worker -B` and `schedule`: periodic jobs run, and change while they do."""

from __future__ import annotations

import json
import os
import signal
from datetime import datetime, timedelta
from typing import Any

import pytest

from taskhub import Celery
from tests.acceptance.command import Commands, until
from tests.support.servers import Server

PERIODIC = """
from taskhub.schedules import crontab

app.conf.timezone = "Asia/Shanghai"
app.conf.beat_schedule = {
    "daily": {"task": "project.add", "schedule": crontab(30, 7), "args": (1, 2)},
    "negative": {"task": "project.add", "schedule": -5.0},
    "unknown": {"task": "project.nothing", "schedule": 3600.0},
}

@app.on_after_configure.connect
def set_up(sender, **kwargs):
    sender.add_periodic_task(0.5, add.s(3, 4), name="often")
"""


def make_project(commands: Commands) -> None:
    with (commands.directory / "project.py").open("a") as module:
        module.write(PERIODIC)


def run(commands: Commands, *arguments: str) -> str:
    """Run `taskhub schedule` to its good end; returns what it has printed."""
    done = commands.run("schedule", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def listed(commands: Commands) -> dict[str, dict[str, Any]]:
    entries = [json.loads(line) for line in run(commands, "list", "--json").splitlines()]
    return {entry["name"]: entry for entry in entries}


@pytest.mark.timeout(240)
def test_entries_run_and_change_beside_a_worker(commands: Commands, store: Server) -> None:
    make_project(commands)
    worker = commands.start("worker", "-c", "1", "-B")
    worker.wait_for("leads, with 3 entries")
    worker.wait_for("entry 'negative': the interval -5 s is too short")
    worker.wait_for("entry 'unknown' calls the task 'project.nothing'")
    worker.wait_for("often (project.add) of ")
    assert "-B" not in worker.output

    # Added by another process, it runs within a second.
    peeking = Celery("project", broker=store.url, set_as_current=False)
    added = run(commands, "add", "new", "project.add", "--every", "0.5", "--args", "[5, 6]")
    assert added.startswith("new is added: every 0.5 s, next run ")
    worker.wait_for("new (project.add) of ")
    found = until(
        lambda: (now := listed(commands))["new"]["state"] == "SUCCESS" and now, "the new entry"
    )
    assert sorted(found) == ["daily", "new", "often", "unknown"]
    assert found["new"]["seconds"] >= 0
    assert found["new"]["next_run"] > found["new"]["last_run"]
    assert found["new"]["origin"] == "store"
    assert found["daily"]["schedule"] == "30 7 * * *"
    assert found["daily"]["last_run"] is None
    assert f"{datetime.fromisoformat(found['daily']['next_run']):%H:%M}" == "23:30", "UTC"

    shown = commands.run("schedule", "list")
    assert "times in Asia/Shanghai" in shown.stdout
    assert "leader: " in shown.stderr
    assert "error: entry 'negative'" in shown.stderr
    lines = run(commands, "calendar", "--json", "--limit", "100000").splitlines()
    runs = [json.loads(line) for line in lines]
    assert [entry["entry"] for entry in runs].count("daily") == 1
    assert 172_000 > sum(entry["entry"] == "new" for entry in runs) > 9_000

    run(commands, "pause", "new", "--by", "ann")
    paused = listed(commands)["new"]
    assert (paused["enabled"], paused["next_run"]) == (False, None)

    def sent() -> int:
        return peeking.schedule.schedule_store.last_runs()["new"].sent

    task_id = run(commands, "run", "daily").strip()
    assert peeking.AsyncResult(task_id).get(timeout=60) == 3
    assert sent() == paused["sent"]
    run(commands, "resume", "new")
    until(lambda: sent() > paused["sent"], "it to go on")

    run(commands, "change", "daily", "--crontab", "0 9 * * mon", "--overlap", "skip", "-Q", "other")
    changed = json.loads(run(commands, "show", "daily", "--json"))
    assert (changed["schedule"], changed["overlap"]) == ("0 9 * * mon", "skip")
    assert changed["options"] == {"queue": "other"}
    assert changed["args"] == [1, 2]
    assert changed["changed"] == ["options", "overlap", "schedule"]
    run(commands, "reset", "daily")
    run(commands, "remove", "new")
    left = listed(commands)
    assert "new" not in left
    assert left["daily"]["schedule"] == "30 7 * * *"
    history = [json.loads(line) for line in run(commands, "history", "--json").splitlines()]
    assert [(change["entry"], change["what"]) for change in history] == [
        ("new", "remove"),
        ("daily", "reset"),
        ("daily", "change"),
        ("new", "resume"),
        ("new", "pause"),
        ("new", "add"),
    ]
    assert history[4]["by"] == "ann"
    assert "@" in history[0]["by"]
    age = datetime.now().astimezone() - datetime.fromisoformat(history[0]["at"])
    assert timedelta(0) <= age < timedelta(minutes=1)

    assert worker.stop() == 0
    worker.wait_for("has stopped")
    assert peeking.schedule.schedule_store.leader() is None
    peeking.close()


def test_mistakes(commands: Commands) -> None:
    make_project(commands)
    for arguments, message in (
        (("add", "x", "project.add"), "when is it to run? Add --crontab, --every or --solar"),
        (("add", "x", "project.add", "--every", "-1"), "entry 'x': the interval -1 s is too short"),
        (
            ("add", "x", "project.add", "--crontab", "0 24 * * *"),
            "crontab hour 24 is out of range: 0 to 23",
        ),
        (("pause", "dayly"), "there is no entry 'dayly': did you mean daily?"),
    ):
        done = commands.run("schedule", *arguments)
        assert done.returncode == 2, done.stderr
        assert message in done.stderr
        assert done.stderr.count("\n") == 1
    unknown = commands.run("schedule", "add", "x", "project.nothing", "--every", "5")
    assert unknown.returncode == 0
    assert "warning: this app has no task 'project.nothing'" in unknown.stderr


def test_beat_takes_celerys_options(commands: Commands) -> None:
    make_project(commands)
    options = ("-s", "x.db", "-S", "celery.beat:PersistentScheduler", "--max-interval", "5")
    pidfile = ("--pidfile", "beat.pid", "-l", "INFO", "-f", "beat.log")
    first = commands.start("-A", "project", "beat", *options, *pidfile)
    log = commands.directory / "beat.log"
    until(lambda: log.exists() and "leads, with 3 entries" in log.read_text(), "it to lead")
    for name in ("--schedule", "--max-interval"):
        assert f"{name} has no effect: " in log.read_text()
    assert int((commands.directory / "beat.pid").read_text()) == first.process.pid
    second = commands.run("beat", "--pidfile", "beat.pid")
    assert second.returncode == 1
    assert "beat.pid" in second.stderr
    refused = commands.run("beat", "--uid", "nobody-of-this-name")
    assert refused.returncode == 2
    assert "there is no such user" in refused.stderr

    # The same as a module; it stands by, and takes over at once.
    third = commands.start("-A", "project", module="taskhub_scheduler")
    third.wait_for("standing by")
    first.send(signal.SIGINT)
    assert first.wait() == 0
    third.wait_for("leads, with 3 entries")
    assert not (commands.directory / "beat.pid").exists()
    assert third.stop() == 0


def test_a_scheduler_whose_store_is_away_says_so(commands: Commands) -> None:
    done = commands.run("scheduler", "-b", "redis://127.0.0.1:1/0")
    assert done.returncode == 69
    assert "redis://127.0.0.1:1/0" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_scheduler_beside_a_worker_is_started_again_and_ends_with_it(commands: Commands) -> None:
    make_project(commands)
    worker = commands.start("worker", "-P", "solo", "-B")
    worker.wait_for("leads, with 3 entries")

    leader = _leader(commands)
    os.kill(leader, signal.SIGKILL)
    worker.wait_for("starting another one")
    worker.wait_for("leads, with 3 entries", 2)
    successor = _leader(commands)
    assert successor != leader
    worker.send(signal.SIGKILL)
    until(lambda: not os.path.exists(f"/proc/{successor}"), "the scheduler to end, too")


def _leader(commands: Commands) -> int:
    """Return the process of the scheduler that leads."""
    line = commands.run("schedule", "list").stderr.rstrip().rpartition("\n")[2]
    return int(line.split(":")[-2])
