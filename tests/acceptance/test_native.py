"""Native Dramatiq actors under both command lines: middleware learns of the process, its forks run, limits hold."""

from __future__ import annotations

import os
import signal
import urllib.error
import urllib.request

import pytest

from tests.acceptance.command import Commands, until
from tests.acceptance.conftest import journal
from tests.support.servers import find_free_port

NATIVE = """
import os, time
import dramatiq
from dramatiq.middleware import Middleware
from dramatiq.middleware.prometheus import Prometheus
from dramatiq.middleware.time_limit import TimeLimitExceeded
from taskhub import Celery
from forked import serve

app = Celery("native")

def note(word):
    with open("journal", "a") as journal:
        journal.write(f"{word} {os.getpid()} {time.time()}\\n")

class Watching(Middleware):
    @property
    def forks(self):
        return [serve]

    def after_process_boot(self, broker):
        note("boot")

app.broker.add_middleware(Watching())
app.broker.add_middleware(Prometheus())

@dramatiq.actor(time_limit=300, max_retries=0)
def spin():
    note("begin")
    try:
        while True:
            time.sleep(0.01)
    except TimeLimitExceeded:
        note("limited")
        raise

@dramatiq.actor(max_retries=0)
def fine():
    note("fine")
"""

FORKED = """
import os, time

def serve():
    with open("journal", "a") as journal:
        journal.write(f"fork {os.getpid()} {time.time()}\\n")
    time.sleep(1000)
"""

SEND = "import native; native.spin.send(); native.fine.send()"

COMMANDS = {
    "taskhub": (("worker", "-A", "native", "-c", "1"), "taskhub", "is ready"),
    "dramatiq": (("native", "-p", "1", "-t", "2"), "dramatiq", "is ready for action"),
}


def words(commands: Commands) -> list[str]:
    return [word for word, _, _ in journal(commands.directory)]


def pids(commands: Commands, word: str) -> list[int]:
    return [pid for noted, pid, _ in journal(commands.directory) if noted == word]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def scrape(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, ConnectionError):
        return ""


@pytest.mark.parametrize("command", COMMANDS)
def test_middleware_works_as_under_dramatiq(commands: Commands, command: str) -> None:
    (commands.directory / "native.py").write_text(NATIVE)
    (commands.directory / "forked.py").write_text(FORKED)
    (commands.directory / "send.py").write_text(SEND)
    port = find_free_port()
    metrics = commands.directory / "metrics"
    variables = {"dramatiq_prom_port": str(port), "dramatiq_prom_db": str(metrics)}
    arguments, module, ready = COMMANDS[command]
    worker = commands.start(*arguments, module=module, **variables)
    worker.wait_for(ready)
    sent = commands.run(module="send", **variables)
    assert sent.returncode == 0, sent.stderr
    until(lambda: {"fork", "limited", "fine"} <= set(words(commands)), "the actors and the fork")
    assert words(commands).count("boot") == 1
    (fork,) = pids(commands, "fork")
    assert fork not in pids(commands, "boot")
    page = until(
        lambda: text if "dramatiq_message_errors_total" in (text := scrape(port)) else None,
        "the metrics",
    )
    assert 'dramatiq_messages_total{actor_name="fine"' in page
    assert "Unexpected failure" not in worker.output
    assert worker.stop() == 0
    until(lambda: not is_alive(fork), "the fork to end")


def test_a_fork_that_fails_is_started_again(commands: Commands) -> None:
    (commands.directory / "native.py").write_text(NATIVE)
    (commands.directory / "forked.py").write_text(FORKED)
    worker = commands.start(
        "worker", "-A", "native", "-c", "1", dramatiq_prom_port=str(find_free_port())
    )
    worker.wait_for("is ready")
    until(lambda: pids(commands, "fork"), "the fork")
    os.kill(pids(commands, "fork")[0], signal.SIGKILL)
    until(lambda: len(pids(commands, "fork")) == 2, "the fork's successor")
    worker.wait_for("fork forked:serve was killed by SIGKILL")
    worker.send(signal.SIGKILL)
    worker.wait()
    until(lambda: not is_alive(pids(commands, "fork")[1]), "the fork to follow its supervisor")


SETS_BROKER = """
import dramatiq
from taskhub.dramatiq import broker

dramatiq.set_broker(broker())

@dramatiq.actor(store_results=True)
def double(x):
    return 2 * x
"""

GET = "import native; print(native.double.send(4).get_result(block=True, timeout=20_000))"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_module_that_sets_the_broker_needs_no_app(commands: Commands, command: str) -> None:
    (commands.directory / "native.py").write_text(SETS_BROKER)
    (commands.directory / "get.py").write_text(GET)
    arguments, module, ready = COMMANDS[command]
    commands.start(*arguments, module=module).wait_for(ready)
    got = commands.run(module="get")
    assert got.stdout == "8\n", got.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_url_ends_the_start_with_one_line(commands: Commands, command: str) -> None:
    (commands.directory / "native.py").write_text(SETS_BROKER)
    arguments, module, _ = COMMANDS[command]
    ended = commands.run(*arguments, module=module, TASKHUB_BROKER_URL="redsi://here")
    shown = ended.stdout + ended.stderr
    assert ended.returncode == 2, shown
    assert "Traceback" not in shown
    assert shown.count("redsi://here") == 1, shown
