"""Every mistake gets one line that says what is wrong and how to mend it, and an exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import Commands
from tests.support.servers import Server, start_valkey

#: As a shell hands on what somebody wrote in Latin-1.
NOT_UTF8 = "caf\udce9"


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_valkey(tmp_path_factory.mktemp("store")) as server:
        yield server


@pytest.fixture
def store(shared_store: Server) -> Iterator[Server]:
    """The module's store, empty for each test: most commands do not come that far."""
    yield shared_store
    shared_store.flush()


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
        (["worker", "-D", "-f", "/proc/nowhere/log"], 1, "/proc/nowhere"),
        (["beat", "--pidfile", "/proc/nowhere/pid"], 1, "/proc/nowhere"),
        (["call", "project.add", "-a", "[1, 2]", "--countdown", "nan"], 2, "no number of seconds"),
        (["call", "project.add", "-a", "[1, 2]", "--countdown", "1e300"], 2, "not in the range"),
        (["call", "project.add", "-a", "[1, 2]", "--eta", "inf"], 2, "not in the range"),
        (["call", "project.add", "-a", "[1, 2]", "--task-id", "a\nb"], 2, "without line breaks"),
        (["call", "project.add", "-a", "[1, 2]", "--serializer", "none"], 2, "no serializer"),
        (["call", NOT_UTF8, "--unregistered"], 2, "is not UTF-8"),
        (["call", "project.add", "-a", f'["{NOT_UTF8}", 2]'], 2, "is not UTF-8"),
        (["result", ""], 2, "non-empty text"),
        (["result", NOT_UTF8], 2, "is not UTF-8"),
        (["result", "x", "--follow", "--timeout", "nan"], 2, "no number of seconds"),
        (["queues", "--offset", "99999999999999999999"], 2, "--offset"),
        (["purge", "-y", "-Q", ","], 2, "-Q names nothing"),
        (["dead", "show", "x"], 1, "there is no dead letter x"),
        (["dead", "retry", "x"], 1, "there is no dead letter x"),
        (["dead", "delete", NOT_UTF8], 2, "is not UTF-8"),
        (["dead", "delete"], 2, "--all"),
        (["dead", "drop"], 2, "--all"),
        (["control", "shutdown", "-d", ""], 2, "-d names nothing"),
        (["control", "terminate", "SIGNONE", "x"], 2, "no signal 'SIGNONE'"),
        (["control", "ping"], 2, "`taskhub inspect ping`"),
        (["inspect", "active"], 69, "no worker is there: start some with `taskhub worker`"),
        (["inspect", "active", "-d", "a@b"], 69, "a@b is not there; none is; start some"),
        (["control", "revoke", "x", "-d", "a@b"], 69, "revoked in the store"),
        (["schedule", "show", "x"], 2, "there is no entry 'x'"),
        (["schedule", "calendar", "--hours", "nan"], 2, "--hours"),
        (["schedule", "add", "a", "project.add"], 2, "when is it to run?"),
        (["schedule", "add", "a", "project.add", "--every", "nan"], 2, "no number of seconds"),
        (["schedule", "add", "a", "project.add", "--every", "5"], 2, "arguments: 'x' and 'y'"),
        (["schedule", "add", "a", "project.fail", "--every", "5", "-Q", "a\nb"], 2, "queue 'a"),
        (["schedule", "add", "", "project.fail", "--every", "5"], 2, "the name ''"),
        (["--config", "nowhere", "status"], 2, "no module 'nowhere'"),
        (["-A", "", "status"], 2, "name a module"),
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
    sent, warning, error = ended.stderr.splitlines()
    assert sent.endswith("is sent")
    assert sent.split()[1] in error
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
    # Without a broker the development store is meant; an empty URL is a mistake of its own.
    commands.environment.pop("TASKHUB_BROKER_URL", None)
    ended = commands.run("status", TASKHUB_HOME="/proc/1")
    assert ended.returncode == 2
    assert "TASKHUB_HOME" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_meeting_place_that_is_a_link_is_refused(commands: Commands, tmp_path: Path) -> None:
    shared, theirs = tmp_path / "shared", tmp_path / "theirs"
    shared.mkdir()
    theirs.mkdir(mode=0o700)
    place = shared / f"taskhub-{os.getuid()}"
    place.symlink_to(theirs)
    for arguments in (["worker", "-c", "1"], ["worker", "--healthcheck"]):
        ended = commands.run(*arguments, TMPDIR=str(shared))
        assert ended.stderr == (
            f"error: {place} is a link: remove it, or set TMPDIR to a directory of your own\n"
        )
        assert ended.returncode == 2
    assert not list(theirs.iterdir())


def test_nothing_known_of_a_task_is_told_and_waited_on(commands: Commands) -> None:
    ended = commands.run("result", "no-such-call", "--follow", "--timeout", "0.5")
    told, error = ended.stderr.splitlines()
    assert told.startswith("nothing is known of task no-such-call: it waits, or there is no such")
    assert told.endswith("still waiting")
    assert "`taskhub result no-such-call --follow`" in error
    assert (ended.stdout, ended.returncode) == ("", 1)


def test_a_revocation_without_workers_says_what_was_done(commands: Commands) -> None:
    commands.run("call", "project.add", "-a", "[1, 2]", "--task-id", "unwanted")
    ended = commands.run("control", "revoke", "unwanted")
    assert ended.stderr.startswith("revoked in the store: what waits has ended")
    assert ended.returncode == 0
    assert json.loads(commands.run("result", "unwanted", "--json").stdout)["state"] == "REVOKED"
    assert commands.run("control", "revoke", "unwanted", "--json").stdout == "{}\n"


@pytest.mark.parametrize(
    ("given", "start"),
    [
        (["-A", "project"], "`taskhub -A project worker -Q other`"),
        (
            ["-A", "project", "-b", "{store}", "--workdir", "."],
            "`taskhub --workdir . -A project -b {store} worker -Q other`",
        ),
        (
            ["-b", "{secret}"],
            "`taskhub worker -Q other` (with the same -b or TASKHUB_BROKER_URL)",
        ),
    ],
)
def test_hints_repeat_what_was_given(commands: Commands, given: list[str], start: str) -> None:
    store = commands.environment["TASKHUB_BROKER_URL"]
    # Valkey's user without a password takes any.
    secret = store.replace("redis://", "redis://default:secret@")
    options = [text.format(store=store, secret=secret) for text in given]
    commands.run("call", "project.elsewhere")
    ended = commands.run(*options, "status")
    told = f"no live worker serves queue other: start one with {start.format(store=store)}\n"
    assert ended.stderr == told
    assert "secret" not in ended.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["inspect", "--list"]])
def test_nobody_reads_what_is_printed(commands: Commands, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "taskhub", *arguments],
            cwd=commands.directory,
            env=commands.environment,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_terminal_that_lacks_signs_gets_escapes(commands: Commands) -> None:
    latin = {"PYTHONIOENCODING": "latin-1"}
    added = commands.run("schedule", "add", "任务", "project.fail", "--every", "5", **latin)
    assert added.stdout.startswith(r"\u4efb\u52a1 is added")
    assert commands.run("schedule", "list", **latin).returncode == 0
    unknown = commands.run("call", "任务", **latin)
    assert (unknown.returncode, unknown.stderr.count("\n")) == (2, 1)


def test_a_question_that_nobody_answers_names_the_option(commands: Commands) -> None:
    commands.run("call", "project.add", "-a", "[1, 2]")
    ended = commands.run("purge", "celery")
    assert ended.stderr.endswith(
        "nothing was deleted: nobody answered; --yes goes on without asking\n"
    )
    assert ended.returncode == 1


def test_ids_are_whole_in_a_pipe(commands: Commands) -> None:
    task_id = commands.run("call", "project.add", "-a", "[1, 2]").stdout.strip()
    lines = commands.run("queues", "celery", COLUMNS="40").stdout.splitlines()
    assert re.split(" {2,}", lines[1]) == ["id", "task", "arguments", "priority"]
    assert re.split(" {2,}", lines[2]) == [task_id, "project.add", "(1, 2)", "5"]
