"""Calling tasks and looking at what becomes of them, from the command line."""

from __future__ import annotations

import json
import re

import pytest

from taskhub import __version__
from tests.acceptance.command import Commands


@pytest.fixture
def worked(commands: Commands) -> Commands:
    commands.start("worker", "-c", "1", "-Q", "celery,other").wait_for("is ready")
    return commands


def test_call_and_wait(worked: Commands) -> None:
    ended = worked.run("call", "project.add", "--args", "[1, 2]", "--wait", "--task-id", "hello")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "3\n", "task hello is sent\n")
    ended = worked.run("call", "project.add", "-k", '{"x": "a", "y": "b"}', "-w", "--json")
    assert json.loads(ended.stdout)["result"] == "ab"


def test_a_failed_task_is_an_exit_code_and_a_traceback_if_wanted(worked: Commands) -> None:
    ended = worked.run("call", "project.fail", "--wait", "--task-id", "the-failed")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "the-failed ended as FAILURE: ValueError: no luck" in ended.stderr
    ended = worked.run("result", "the-failed", "--traceback")
    assert ended.returncode == 1
    assert 'raise ValueError("no luck")' in ended.stderr
    shown = json.loads(worked.run("result", "the-failed", "--json").stdout)
    assert shown["state"] == "FAILURE"
    assert shown["result"] == {"type": "ValueError", "message": "no luck"}


def test_a_call_for_later_waits_in_the_store(commands: Commands) -> None:
    task_id = commands.run(
        "call", "project.add", "-a", "[1, 2]", "--countdown", "3600"
    ).stdout.strip()
    assert len(task_id) == 36
    assert json.loads(commands.run("queues", "--json").stdout) == {
        "celery": {"ready": 0, "delayed": 1, "rate_limited": 0}
    }
    ended = commands.run("result", task_id)
    assert ended.returncode == 0
    assert ended.stderr.startswith("PENDING")
    assert commands.run("purge", "celery", "--yes").stdout == "1 message deleted from celery\n"


def test_purge_asks_first(commands: Commands) -> None:
    commands.run("call", "project.add", "-a", "[1, 2]")
    ended = commands.run("purge", "celery")
    assert ended.returncode != 0
    assert json.loads(commands.run("queues", "--json").stdout)["celery"]["ready"] == 1


def test_status_shows_what_is_there(worked: Commands) -> None:
    worked.run("call", "project.add", "-a", "[1, 2]", "--wait")
    shown = json.loads(worked.run("status", "--json").stdout)
    # A served queue is known before it has had a message.
    queue, other = shown["queues"]
    assert (other["name"], other["ready"]) == ("other", 0)
    assert (queue["name"], queue["ready"], queue["delayed"]) == ("celery", 0, 0)
    assert queue["oldest"] is None
    (worker,) = shown["workers"]
    assert queue["served_by"] == [worker["node"]]
    assert "celery" in worker["queues"]
    assert worker["holds"] == 0
    assert 0 < worker["lease_left"] <= 10
    assert shown["dead_letters"] == 0
    table = worked.run("status").stdout
    assert worker["node"] in table
    assert "celery" in table


def test_unknown_tasks_are_dead_letters(worked: Commands) -> None:
    ended = worked.run("call", "no.such", "--unregistered", "--wait")
    assert ended.returncode == 1
    (letter,) = worked.run("dead", "list", "--json").stdout.splitlines()
    assert json.loads(letter)["task"] == "no.such"
    assert "no.such" in worked.run("dead", "list").stdout


@pytest.mark.parametrize("command", ["delete", "drop"])
def test_dead_letters_are_deleted(worked: Commands, command: str) -> None:
    before = set(worked.run("dead", "list", "--json").stdout.splitlines())
    worked.run("call", "no.such", "--unregistered", "--wait")
    (letter,) = set(worked.run("dead", "list", "--json").stdout.splitlines()) - before
    ended = worked.run("dead", command, json.loads(letter)["id"])
    assert (ended.returncode, ended.stdout) == (0, "1 dead letter deleted\n")
    assert set(worked.run("dead", "list", "--json").stdout.splitlines()) == before


def test_help_names_the_command_that_deletes_dead_letters_once(commands: Commands) -> None:
    shown = commands.run("dead", "--help").stdout
    assert re.findall(r"(?m)^  (delete|drop)\b", shown) == ["delete"]


def test_doctor_finds_a_store_that_may_drop_messages(commands: Commands) -> None:
    import redis

    assert commands.run("doctor").returncode == 0
    with redis.Redis.from_url(commands.environment["TASKHUB_BROKER_URL"]) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            ended = commands.run("doctor")
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert ended.returncode == 1
    assert "allkeys-lru" in ended.stdout


def test_version_and_help(commands: Commands) -> None:
    assert commands.run("--version").stdout == f"taskhub {__version__}\n"
    shown = commands.run("--help")
    assert shown.returncode == 0
    assert "69 the store is out" in " ".join(shown.stdout.split())
    for name in ("up", "worker", "call", "result", "status", "doctor", "queues", "purge", "dead"):
        assert commands.run(name, "--help").returncode == 0
