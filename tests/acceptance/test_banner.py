"""What `taskhub worker` shows at its start, and queues that it refuses."""

from __future__ import annotations

import subprocess
import sys

from tests.acceptance.command import Commands
from tests.support.servers import Server


def test_the_banner_is_on_stdout_and_tells_what_runs(commands: Commands, store: Server) -> None:
    worker = commands.start("worker", "-c", "2", "-t", "3", "-n", "w1@%h")
    worker.wait_for("is ready: ")
    banner = worker.output
    assert " w1@" in banner
    assert f"process {worker.process.pid}" in banner
    assert "  app:         project\n" in banner
    assert f"  store:       redis://127.0.0.1:{store.port}/0 (" in banner
    assert f"  results:     redis://127.0.0.1:{store.port}/0\n" in banner
    assert "  concurrency: 6 (2 processes x 3 threads)\n" in banner
    assert "[queues]\n  celery\n  other\n" in banner
    assert "  . project.add\n" in banner
    assert ". celery." not in banner
    # The line of the log counts what the banner lists.
    assert f" {banner.count('  . ')} tasks, " in banner.partition("is ready: ")[2]


def test_the_banner_is_kept_from_streams_that_are_read(commands: Commands) -> None:
    outputs = {}
    for name, options in {
        "plain": (("worker",), ()),
        "quiet": (("--quiet", "worker"), ()),
        "json": (("worker",), ("--log-format", "json")),
    }.items():
        command = [sys.executable, "-m", "taskhub", *options[0], "-c", "1", *options[1]]
        with (
            (commands.directory / name).open("wb") as stdout,
            subprocess.Popen(
                command,
                cwd=commands.directory,
                env=commands.environment,
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
        ):
            assert process.stderr is not None
            for line in process.stderr:
                if "is ready: " in line:
                    process.terminate()
        outputs[name] = (commands.directory / name).read_text()
    assert "[queues]" in outputs["plain"]
    assert outputs["quiet"] == outputs["json"] == ""


def test_a_mistyped_queue_is_refused_where_queues_are_not_made(commands: Commands) -> None:
    with (commands.directory / "project.py").open("a") as project:
        project.write(
            "\napp.conf.task_create_missing_queues = False"
            "\napp.conf.task_queues = ['celery', 'mail', 'other']\n"
        )
    refused = commands.run("worker", "-Q", "mial")
    assert refused.returncode == 2
    assert "'mial'" in refused.stderr
    assert "did you mean mail?" in refused.stderr
    worker = commands.start("worker", "-Q", "mail,celery", "-c", "1")
    worker.wait_for("is ready: ")
