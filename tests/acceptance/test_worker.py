"""`taskhub worker`: what dies is replaced, what runs is finished or requeued, what cannot start says why."""

from __future__ import annotations

import json
import os
import signal
import time

import psutil
import pytest

from taskhub.worker.stop_signals import REPEAT_WINDOW
from tests.acceptance.command import Commands, until
from tests.acceptance.conftest import journal


def test_a_killed_process_is_replaced_and_its_task_runs_again_within_a_second(
    commands: Commands,
) -> None:
    worker = commands.start("worker", "-c", "2", "-t", "2")
    worker.wait_for("is ready")
    task_id = commands.run("call", "project.work", "-a", "[3]").stdout.strip()
    ((_, victim, _),) = until(lambda: journal(commands.directory), "the task to begin")
    killed = time.time()
    os.kill(victim, signal.SIGKILL)
    result = commands.run("result", task_id, "--follow", "--json")
    (first, again, end) = journal(commands.directory)
    assert (first[0], again[0], end[0]) == ("begin", "begin", "end")
    assert again[1] != victim
    assert again[2] - killed < 1.0
    assert json.loads(result.stdout)["result"] == end[1] == again[1]
    worker.wait_for("was killed by SIGKILL")
    workers = until(
        lambda: (
            len(found) == 2 and found
            if (found := json.loads(commands.run("status", "--json").stdout)["workers"])
            else None
        ),
        "a new process",
    )
    assert not any(f":{victim}:" in worker["name"] for worker in workers)
    assert worker.stop() == 0


def test_a_process_that_dies_alone_is_back_with_its_task(commands: Commands) -> None:
    worker = commands.start("worker", "-P", "solo")
    worker.wait_for("is ready")
    task_id = commands.run("call", "project.work", "-a", "[3]").stdout.strip()
    ((_, victim, _),) = until(lambda: journal(commands.directory), "the task to begin")
    os.kill(victim, signal.SIGKILL)
    assert commands.run("result", task_id, "--follow").returncode == 0
    assert [word for word, _, _ in journal(commands.directory)] == ["begin", "begin", "end"]


def test_a_task_killed_under_plain_dramatiq_runs_again_in_another_set(commands: Commands) -> None:
    first = commands.start("project", "-p", "2", "-t", "2", module="dramatiq")
    first.wait_for("Worker process is ready for action.", 2)
    task_id = commands.run("call", "project.work", "-a", "[10]").stdout.strip()
    ((_, victim, _),) = until(lambda: journal(commands.directory), "the task to begin")
    second = commands.start("project", "-p", "2", "-t", "2", module="dramatiq")
    second.wait_for("Worker process is ready for action.", 2)
    killed = time.time()
    os.kill(victim, signal.SIGKILL)
    assert commands.run("result", task_id, "--follow").returncode == 0
    notes = journal(commands.directory)
    assert [word for word, _, _ in notes] == ["begin", "begin", "end"]
    assert notes[1][2] - killed < 1.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_tasks_that_run_are_finished(commands: Commands, number: signal.Signals) -> None:
    worker = commands.start("worker", "-c", "1")
    worker.wait_for("is ready")
    task_id = commands.run("call", "project.work", "-a", "[3]").stdout.strip()
    ((_, process, _),) = until(lambda: journal(commands.directory), "the task to begin")
    worker.send(number)
    assert worker.wait() == 0
    assert [word for word, _, _ in journal(commands.directory)] == ["begin", "end"]
    assert json.loads(commands.run("result", task_id, "--json").stdout)["state"] == "SUCCESS"
    workers = json.loads(commands.run("status", "--json").stdout)["workers"]
    assert not any(f":{process}:" in worker["name"] for worker in workers)


def test_tasks_that_take_longer_than_the_deadline_are_given_back(commands: Commands) -> None:
    worker = commands.start("worker", "-c", "1", "--shutdown-timeout", "1")
    worker.wait_for("is ready")
    commands.run("call", "project.work", "-a", "[60]")
    until(lambda: journal(commands.directory), "the task to begin")
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0
    assert "1 task was requeued" in worker.output
    assert json.loads(commands.run("queues", "--json").stdout)["celery"]["ready"] == 1


def test_the_second_signal_gives_back_at_once(commands: Commands) -> None:
    worker = commands.start("worker", "-c", "2")
    worker.wait_for("is ready")
    commands.run("call", "project.work", "-a", "[60]")
    until(lambda: journal(commands.directory), "the task to begin")
    worker.send(signal.SIGTERM)
    worker.wait_for("is stopping")
    asked = time.monotonic()
    worker.send(signal.SIGINT)
    assert worker.wait() == 1
    assert time.monotonic() - asked < 5.0
    assert json.loads(commands.run("queues", "--json").stdout)["celery"]["ready"] == 1


def test_two_sigterms_within_a_second_are_one(commands: Commands) -> None:
    worker = commands.start("worker", "-c", "1")
    worker.wait_for("is ready")
    commands.run("call", "project.work", "-a", "[3]")
    ((_, process, _),) = until(lambda: journal(commands.directory), "the task to begin")
    # As systemd does: every process of the unit, and some units send it twice.
    for pid in (process, worker.process.pid, worker.process.pid, process):
        os.kill(pid, signal.SIGTERM)
        time.sleep(0.1)
    assert worker.wait() == 0
    assert [word for word, _, _ in journal(commands.directory)] == ["begin", "end"]


def test_a_second_sigterm_after_a_second_requeues_at_once(commands: Commands) -> None:
    worker = commands.start("worker", "-c", "1")
    worker.wait_for("is ready")
    commands.run("call", "project.work", "-a", "[60]")
    until(lambda: journal(commands.directory), "the task to begin")
    worker.send(signal.SIGTERM)
    worker.wait_for("is stopping")
    asked = time.monotonic()
    until(lambda: time.monotonic() > asked + REPEAT_WINDOW, "the second to be over")
    worker.send(signal.SIGTERM)
    assert worker.wait() == 1
    assert time.monotonic() - asked < 10.0
    assert json.loads(commands.run("queues", "--json").stdout)["celery"]["ready"] == 1


def test_a_remote_shutdown_is_no_signal(commands: Commands) -> None:
    worker = commands.start("worker", "-c", "1")
    worker.wait_for("is ready")
    commands.run("call", "project.work", "-a", "[4]")
    until(lambda: journal(commands.directory), "the task to begin")
    # What a preStop hook does, and the container's end after it.
    assert commands.run("control", "shutdown").returncode == 0
    worker.wait_for("is stopping")
    asked = time.monotonic()
    until(lambda: time.monotonic() > asked + REPEAT_WINDOW, "the second to be over")
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0
    assert [word for word, _, _ in journal(commands.directory)] == ["begin", "end"]


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="no orphans are looked for without waitid")
def test_a_supervisor_that_inherits_orphans_reaps_them(commands: Commands) -> None:
    worker = commands.start("orphans", module="project")
    worker.wait_for("is ready")
    assert commands.run("call", "project.leave_orphans", "-a", "[20]", "--wait").returncode == 0

    def children() -> list[str]:
        found = psutil.Process(worker.process.pid).children()
        return [child.status() for child in found]

    until(lambda: psutil.STATUS_ZOMBIE not in children(), "no zombies", 20)
    assert worker.stop() == 0


def test_processes_end_when_the_supervisor_was_killed(commands: Commands) -> None:
    worker = commands.start("worker", "-c", "1")
    worker.wait_for("is ready")
    worker.send(signal.SIGKILL)
    worker.wait()

    def gone() -> bool:
        ended = commands.run("status", "--json")
        found: list[object] = json.loads(ended.stdout)["workers"]
        # As `celery status` does when no node replies.
        assert ended.returncode == (0 if found else 69), ended.stderr
        return found == []

    until(gone, "the worker process to end")


def test_only_the_queues_that_were_named_are_served(commands: Commands) -> None:
    commands.start("worker", "-Q", "other,third", "-c", "1").wait_for("queues other, third")
    commands.run("call", "project.add", "-a", "[1, 2]")
    assert commands.run("call", "project.elsewhere", "--wait").stdout.strip() == "1"
    assert json.loads(commands.run("queues", "--json").stdout)["celery"]["ready"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-A", "nowhere"], 2, "there is no module 'nowhere'"),
        (["-A", "project:nothing"], 2, "project has no 'nothing'"),
        (["-A", "project.add"], 2, "not an app"),
        (["-A", "project.py"], 2, "write -A project"),
        (["-b", "redis://:secret@127.0.0.1:1/0"], 69, "refused the connection"),
        (["-b", "http://127.0.0.1"], 2, "--broker"),
        (["--uid", "nobody-of-this-name"], 2, "there is no such user"),
        (["--umask", "9"], 2, "is not octal"),
        (["--autoscale", "many"], 2, "write for example 10,3"),
        (["--healthcheck", "-n", "nobody"], 1, "no worker of this user and name runs here"),
    ],
)
def test_what_cannot_start_says_so_in_one_line(
    commands: Commands, arguments: list[str], code: int, words: str
) -> None:
    ended = commands.run("worker", *arguments)
    assert ended.returncode == code
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert words in ended.stderr
    assert "secret" not in ended.stderr


def test_an_error_in_the_users_module_is_shown_with_their_own_traceback(commands: Commands) -> None:
    (commands.directory / "broken.py").write_text("import taskhub\n1 / 0\n")
    ended = commands.run("worker", "-A", "broken")
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback") == 1
    assert "importlib" not in ended.stderr
    assert (
        ended.stderr.splitlines()[-1]
        == "error: broken cannot be imported: ZeroDivisionError: division by zero"
    )
