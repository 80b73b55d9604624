"""`taskhub up`: a store, workers, a scheduler, and what to type next."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from taskhub.cli.listeners import listen
from tests.acceptance.command import Commands, Running, until

SEND = "Modules.admin.tasks.default_tasks.send_email"
MAIL = json.dumps({"to": "you@example.com", "subject": "Hello", "body": "It works."})


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Commands]:
    """A directory with nothing in it, and nothing configured."""
    (tmp_path / "pyproject.toml").touch()
    commands = Commands(tmp_path, {})
    yield commands
    commands.stop_all()


def dashboard_of(up: Running) -> str:
    """Return the URL of the dashboard that the banner names."""
    found = re.search(r"web +dashboard at (http://127\.0\.0\.1:\d+/)", up.output)
    assert found, up.output
    return found[1]


def dashboard_line(up: Running) -> str:
    """Return the line of the banner about the dashboard."""
    (line,) = re.findall(r"(?m)^ +web +.*$", up.output)
    return str(line)


def ask(url: str) -> httpx.Response:
    """Ask a dashboard; one that still starts answers then."""
    return httpx.get(url, timeout=60)


def dashboard_process(up: Running) -> psutil.Process:
    """Return the process of the dashboard that a command has started."""
    children = psutil.Process(up.process.pid).children()
    (found,) = [each for each in children if "--listen-fd" in each.cmdline()]
    return found


def has_ended(process: psutil.Process) -> bool:
    """Whether a process has ended, even if its parent has not noticed."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_gone(url: str) -> bool:
    """Whether nobody listens on a port of this test any more."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", httpx.URL(url).port)) != 0


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
    url = dashboard_of(up)
    assert 'src="/static/' in ask(url).text
    done = ask(f"{url}api/v1/tasks?filter=state:succeeded").json()
    # A periodic task may have run, too.
    assert SEND in [task["task"] for task in done["items"]]
    up.wait_for("leads, with 4 entries")
    schedule = fresh.run("schedule", "list", "--json")
    assert [json.loads(line)["name"] for line in schedule.stdout.splitlines()] == [
        "sync-daily-data",
        "check-system-status",
        "clean-temp-files",
        "send-daily-report",
    ]
    dashboard = dashboard_process(up)
    up.send(signal.SIGINT)
    assert up.wait() == 0
    assert has_ended(dashboard)
    assert "Stopped." in up.output
    assert "has stopped" in up.output
    assert "Traceback" not in up.output
    assert is_gone(url)


def test_a_second_one_adds_workers(fresh: Commands) -> None:
    first = fresh.start("up", "-c", "1")
    first.wait_for("Ctrl-C stops it.")
    second = fresh.start("up", "-c", "1")
    second.wait_for("worker processes that were here already: 1")
    second.wait_for("of the command that was here already")
    assert dashboard_of(second) == dashboard_of(first)
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


def test_the_dashboard_takes_the_next_port_that_is_free(fresh: Commands) -> None:
    first, second, third = fresh.web_ports[:3]
    with listen("127.0.0.1", first), listen("127.0.0.1", second):
        up = fresh.start("up", "-c", "1", "--web-port", str(first), TASKHUB_WEB_PORT="0")
        up.wait_for("Ctrl-C stops it.")
        url = dashboard_of(up)
        assert f"(port {first} is in use)" in up.output
        assert httpx.URL(url).port == third
        assert ask(f"{url}api/v1/session").json()["user"]["name"] == "anybody"
        assert up.stop() == 0


def test_a_dashboard_that_dies_is_started_again_at_its_address(fresh: Commands) -> None:
    up = fresh.start("up", "-c", "1")
    up.wait_for("Ctrl-C stops it.")
    url = dashboard_of(up)
    ask(url).raise_for_status()
    first = dashboard_process(up)
    first.kill()
    up.wait_for("the dashboard has ended with -9")
    ask(url).raise_for_status()
    second = dashboard_process(up)
    assert second.pid != first.pid
    # However the command ends, the dashboard ends with it.
    up.process.kill()
    up.wait()
    until(lambda: has_ended(second), "the end of the dashboard")
    assert is_gone(url)


def test_up_without_a_dashboard(fresh: Commands) -> None:
    up = fresh.start("up", "-c", "1", "--no-web")
    up.wait_for("Ctrl-C stops it.")
    assert "dashboard at" not in up.output
    assert not list((fresh.directory / ".taskhub").glob("dashboard-*"))
    assert up.stop() == 0


def test_a_wrong_setting_of_the_dashboard_stops_only_the_dashboard(fresh: Commands) -> None:
    up = fresh.start("up", "-c", "1", TASKHUB_WEB_SECRET="short")
    up.wait_for("no dashboard runs: what it said must be fixed first")
    assert "the secret of the dashboard is shorter than 16 bytes" in up.output
    until(lambda: is_gone(dashboard_of(up)), "nobody to listen")
    until(lambda: fresh.run("inspect", "ping").returncode == 0, "an answer")
    # Neither the port nor the lock is held any more.
    second = fresh.start("up", "-c", "1")
    second.wait_for("Ctrl-C stops it.")
    assert "that was here already" not in dashboard_line(second)
    assert dashboard_of(second) == dashboard_of(up)
    ask(dashboard_of(second)).raise_for_status()
    assert second.stop() == 0
    assert up.stop() == 0


def test_any_port_that_is_free(fresh: Commands) -> None:
    up = fresh.start("up", "-c", "1", TASKHUB_WEB_PORT="0")
    up.wait_for("Ctrl-C stops it.")
    assert "is in use" not in dashboard_line(up)
    ask(dashboard_of(up)).raise_for_status()
    assert up.stop() == 0


def test_without_a_free_port_there_is_no_dashboard(fresh: Commands) -> None:
    with ExitStack() as stack:
        for port in fresh.web_ports:
            stack.enter_context(listen("127.0.0.1", port))
        up = fresh.start("up", "-c", "1")
        up.wait_for("Ctrl-C stops it.")
        first, last = fresh.web_ports[0], fresh.web_ports[-1]
        assert f"no dashboard: the ports {first} to {last} of 127.0.0.1 are all in use" in up.output
        assert up.stop() == 0
