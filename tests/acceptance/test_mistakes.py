"""Every mistake gets one line that says what is wrong and how to mend it, and an exit code."""

from __future__ import annotations

import pytest

from tests.acceptance.command import Commands


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["call", "project.ad"], 2, "did you mean project.add"),
        (["call", "add"], 2, "did you mean project.add"),
        (["call", "project.add", "-a", "[1]"], 2, "missing a required argument: 'y'"),
        (["call", "project.add", "-a", "[1"], 2, "--args is not JSON"),
        (["call", "project.add", "-a", "{}"], 2, "--args must be a list"),
        (["call", "project.add", "-k", "[]"], 2, "--kwargs must be an object"),
        (["call", "project.add", "-a", "[1, 2]", "--priority", "10"], 2, "0<=x<=9"),
        (["call", "project.add", "-a", "[1, 2]", "--eta", "soon"], 2, "is no time"),
        (
            ["call", "project.add", "-a", "[1, 2]", "--timeout", "1"],
            2,
            "--timeout goes with --wait",
        ),
        (["call", "project.add", "-a", "[1, 2]", "--queue", ""], 2, "queue"),
        (
            ["-b", "redis://:secret@127.0.0.1:1", "call", "project.add", "-a", "[1, 2]"],
            69,
            "refused",
        ),
        (["-b", "redis://:secret@127.0.0.1:1", "status"], 69, "refused"),
        (["-b", "redis://:secret@127.0.0.1:1", "result", "x"], 69, "refused"),
        (["-b", "redis://no.such.host.invalid:1", "queues"], 69, "host name"),
        (["-b", "amqp://:secret@127.0.0.1", "status"], 2, "does not have"),
        (["--result-backend", "localhost", "status"], 2, "--result-backend"),
        (["-A", "nowhere", "status"], 2, "no module"),
        (["purge", "nothing"], 2, "there is no queue"),
        (["wroker"], 2, "Did you mean worker"),
        (["worker", "-f", "/proc/nowhere/log"], 1, "/proc/nowhere"),
    ],
)
def test_one_line(commands: Commands, arguments: list[str], code: int, words: str) -> None:
    ended = commands.run(*arguments)
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("error: ")
    assert words in ended.stderr
    assert ended.returncode == code
    assert "secret" not in ended.stderr
    assert ended.stdout == ""


def test_a_traceback_is_shown_when_it_is_asked_for(commands: Commands) -> None:
    ended = commands.run("call", "project.ad", TASKHUB_DEBUG="1")
    assert "Traceback" in ended.stderr
    assert ended.returncode == 2


def test_a_wrong_password_is_not_shown(commands: Commands) -> None:
    address = commands.environment["TASKHUB_BROKER_URL"].replace("redis://", "redis://:secret@")
    ended = commands.run("-b", address, "status")
    assert ended.returncode == 69
    assert "password" in ended.stderr
    assert "secret" not in ended.stderr


def test_waiting_without_workers_tells_why_nothing_comes(commands: Commands) -> None:
    ended = commands.run("call", "project.elsewhere", "--wait", "--timeout", "5")
    warning, error = ended.stderr.splitlines()
    assert warning.startswith("no live worker serves queue other: start one with")
    assert error.startswith("error: task ")
    assert "--follow" in error
    assert ended.returncode == 1


def test_an_unknown_setting_is_named(commands: Commands) -> None:
    (commands.directory / "odd.py").write_text(
        "import taskhub\napp = taskhub.Celery('odd', changes={'task_serialiser': 'json'})\n"
    )
    ended = commands.run("status", "-A", "odd")
    assert ended.stderr.splitlines() == [
        "warning: Unknown settings are kept and not used: task_serialiser (did you mean task_serializer?)"
    ]
    assert commands.run("doctor", "-A", "odd").returncode == 1


def test_a_store_directory_of_somebody_else_is_refused(commands: Commands) -> None:
    ended = commands.run("status", TASKHUB_BROKER_URL="", TASKHUB_HOME="/proc/1")
    assert ended.returncode == 2
    assert "TASKHUB_HOME" in ended.stderr
    assert ended.stderr.count("\n") == 1
