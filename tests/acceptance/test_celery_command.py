"""The command `celery` as it stands in people's scripts."""

from __future__ import annotations

import json
from subprocess import CompletedProcess
from typing import Any

from tests.acceptance.command import Commands, until

MODULES = {
    "__init__.py": "",
    "celery.py": """
from celery import Celery

app = Celery("proj", include=["proj.tasks"])
""",
    "tasks.py": """
from proj.celery import app

@app.task
def add(x, y):
    return x + y

@app.task
def fail():
    raise ValueError("no luck")
""",
}


def test_workers_in_the_background_work_until_they_are_stopped(commands: Commands) -> None:
    package = commands.directory / "proj"
    package.mkdir()
    for name, text in MODULES.items():
        (package / name).write_text(text)
    files = ("--pidfile=%n.pid", "--logfile=%n%I.log")

    def celery(*arguments: str, **environment: str) -> CompletedProcess[str]:
        return commands.run("-A", "proj", *arguments, module="celery", **environment)

    def answered(*arguments: str, **environment: str) -> str:
        """Return what a command prints once the worker has answered it in time: it is given 1 s."""

        def ask() -> CompletedProcess[str] | None:
            found = celery(*arguments, **environment)
            return found if found.returncode == 0 else None

        printed: str = until(ask, f"an answer to {arguments}").stdout
        return printed

    started = celery("multi", "start", "w1", "-P", "threads", "-c:w1", "2", "-O", "fair", *files)
    assert started.returncode == 0, started.stderr
    assert "> w1@" in started.stdout
    try:
        online = answered("status")
        assert "w1@" in online
        assert "pong" not in online
        assert "\n        pong\n" in answered("inspect", "ping")
        # Health checks look for it there.
        assert online.endswith("\n1 node online.\n")
        assert "online" not in answered("-q", "status")
        assert "1 node online." in answered("inspect", "active")
        assert "online" not in celery("control", "heartbeat").stdout
        told = (commands.directory / "w1.log").read_text()
        assert "1 x 2 threads" in told

        sent = celery("-q", "call", "proj.tasks.add", "-a", "[1, 2]")
        assert sent.stderr == ""
        # As Celery's, it waits.
        assert celery("result", sent.stdout.strip()).stdout == "3\n"
        failed = celery("call", "proj.tasks.fail").stdout.strip()
        assert celery("result", failed).returncode == 1
        assert 'raise ValueError("no luck")' in celery("result", "--traceback", failed).stdout

        elsewhere = celery("call", "of.another.program", "--queue", "elsewhere", "-k", '{"a": 1}')
        assert "sent as it is" in elsewhere.stderr
        assert celery("purge", "-f", "-Q", "elsewhere").stdout.startswith("1 message deleted")

        # The app by the variable that Celery reads.
        asked = ("inspect", "registered", "-j")
        by_variable: dict[str, Any] = {"module": "celery", "TASKHUB_APP": "", "APP": "proj"}
        registered = until(
            lambda: json.loads(commands.run(*asked, **by_variable).stdout or "{}"), "an answer"
        )
        (tasks,) = registered.values()
        assert "proj.tasks.add" in tasks

        first = (commands.directory / "w1.pid").read_text()
        assert celery("multi", "restart", "w1", *files).returncode == 0
        until(
            lambda: (
                (commands.directory / "w1.pid").exists()
                and (commands.directory / "w1.pid").read_text() not in ("", first)
            ),
            "another process",
        )
        # Until it works, SIGTERM ends it at once, and leaves its file.
        answered("status")
    finally:
        stopped = celery("multi", "stopwait", "w1", *files)
    assert "TERM" in stopped.stdout
    assert not (commands.directory / "w1.pid").exists()
    assert celery("status").returncode == 69


OWN_SCHEDULER = """
from datetime import timedelta
from celery.beat import ScheduleEntry, Scheduler

class Mine(Scheduler):
    def setup_schedule(self):
        self.add(name="often", task="project.add", schedule=timedelta(seconds=0.2), args=(1, 2))
"""


def test_beat_runs_a_scheduler_of_ones_own(commands: Commands) -> None:
    (commands.directory / "own.py").write_text(OWN_SCHEDULER)
    beat = commands.start("-A", "project", "beat", "-S", "own:Mine", module="celery")
    beat.wait_for("Sending due task often (project.add)", 2)
    assert "own.Mine is to run once" in beat.output
    assert beat.stop() == 0
    queues = json.loads(commands.run("queues", "--json").stdout)
    assert queues["celery"]["ready"] >= 2
    missing = commands.run("-A", "project", "beat", "-S", "own:Theirs", module="celery")
    assert missing.returncode == 2
    assert "there is no scheduler 'own:Theirs'" in missing.stderr


def test_no_process_serves_before_the_first_knows_how_many_there_are(commands: Commands) -> None:
    # Process 1, which reports the size of the pool, is the last to be prepared here.
    (commands.directory / "late.py").write_text("""
import sys, time
from celery import Celery

is_first = '"number": 1,' in sys.argv[-1]
if is_first:
    time.sleep(2.0)
app = Celery("late", worker_pool="threads")

@app.task
def where():
    return is_first
""")
    calls = [commands.run("call", "-A", "late", "late.where").stdout.strip() for _ in range(2)]
    worker = commands.start("-A", "late", "worker", "-c", "3", module="celery")
    found = [commands.run("result", "-A", "late", call, "--follow").stdout for call in calls]
    assert found == ["true\n", "true\n"], worker.output
    worker.wait_for("1 x 3 threads")
