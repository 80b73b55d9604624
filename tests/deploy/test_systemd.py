"""The units of systemd, the reports of services to it, and the rotation of logs."""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from taskhub.web.auth.users_file import new_token, token_hash
from tests.acceptance.command import Commands, until
from tests.deploy.files import DEPLOY, parse_command_line, run
from tests.deploy.services import Manager

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PROGRAM = "/srv/taskhub/.venv/bin/taskhub"
#: In the place of those on a host of users.
SHORT = {"$WORKER_OPTIONS": ["-p", "1", "-t", "1"], "/etc/taskhub/users.txt": ["users.txt"]}


def read_unit(path: Path) -> configparser.RawConfigParser:
    """Return a unit; keys that it names twice have the last value."""
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(path)
    return unit


def command_line(path: Path) -> list[str]:
    """Return the arguments that a unit gives taskhub."""
    program, *arguments = shlex.split(read_unit(path)["Service"]["ExecStart"])
    assert program == PROGRAM
    found: list[str] = []
    for argument in arguments:
        found += SHORT.get(argument, [argument.replace("%i", "default").replace("%%", "%")])
    return found


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is missing: apt-get install systemd",
)
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    # It looks whether the program is there.
    program = Path(sys.executable).with_name("taskhub")
    paths = []
    for unit in UNITS:
        path = tmp_path / unit.name.replace("@.", "@default.")
        path.write_text(unit.read_text().replace(PROGRAM, str(program)))
        paths.append(path)
    done = run("systemd-analyze", "verify", "--man=no", *paths)
    own = [line for line in done.stderr.splitlines() if "taskhub" in line]
    assert (done.returncode, own) == (0, [])


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_taskhub_accepts_the_command_line_of_a_unit(unit: Path) -> None:
    assert parse_command_line(command_line(unit))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_service_without_its_variables_does_not_start(unit: Path) -> None:
    text = unit.read_text()
    assert "\nEnvironmentFile=/etc/taskhub/taskhub.env\n" in text
    # With a dash systemd would start it without the file, and so on a store of its own.
    assert "EnvironmentFile=-" not in text


def test_a_worker_has_more_time_to_stop_than_its_tasks() -> None:
    unit = DEPLOY / "systemd" / "taskhub-worker@.service"
    service = read_unit(unit)["Service"]
    tasks = parse_command_line(command_line(unit))["shutdown_timeout"]
    assert float(service["TimeoutStopSec"]) >= tasks + 30
    # The processes must not get the signal beside the supervisor.
    assert service["KillMode"] == "mixed"


def test_services_report_that_they_are_ready_alive_and_stopping(
    commands: Commands, runtime: Path
) -> None:
    (commands.directory / "users.txt").write_text(f"reader viewer {token_hash(new_token())}\n")
    with ExitStack() as stack:
        running = {}
        for unit in UNITS:
            manager = stack.enter_context(Manager(runtime / unit.stem, watchdog=2.0))
            arguments = [*command_line(unit), *(["--port", "0"] if "web" in unit.name else [])]
            variables = {**manager.environment, "TASKHUB_WEB_SECRET": "s" * 32}
            running[unit.name] = manager, commands.start(*arguments, **variables)
        for manager, _ in running.values():
            manager.wait_for("READY=1")
        for manager, service in running.values():
            # They go on.
            manager.wait_for("WATCHDOG=1")
            manager.wait_for("WATCHDOG=1")
            service.send(signal.SIGTERM)
        for name, (manager, service) in running.items():
            manager.wait_for("STOPPING=1")
            # uvicorn ends with the signal, which systemd takes for success.
            code = -signal.SIGTERM if "web" in name else 0
            assert service.wait() == code, service.output


@pytest.mark.skipif(
    shutil.which("logrotate", path="/usr/sbin:/usr/bin") is None,
    reason="logrotate is missing: apt-get install logrotate",
)
def test_logrotate_accepts_its_file_and_workers_write_to_the_new_log(commands: Commands) -> None:
    logrotate = shutil.which("logrotate", path="/usr/sbin:/usr/bin") or ""
    logs = commands.directory / "logs"
    logs.mkdir(mode=0o755)
    text = (DEPLOY / "logrotate" / "taskhub").read_text()
    assert text.count("/var/log/taskhub/") == 2
    # There is no such user here.
    text = text.replace("/var/log/taskhub/", f"{logs}/").replace("su taskhub taskhub\n", "")
    assert "su " not in text
    configuration = commands.directory / "logrotate.conf"
    configuration.write_text(text)
    configuration.chmod(0o644)
    checked = run(logrotate, "-d", configuration)
    assert checked.returncode == 0
    assert "error" not in checked.stderr

    log = logs / "worker.log"
    worker = commands.start("worker", "-p", "1", "-t", "1", "-f", str(log))
    until(lambda: log.exists() and "is ready" in log.read_text(), "the worker")
    state = commands.directory / "state"
    done = run(logrotate, "--force", "--state", state, configuration)
    assert done.returncode == 0, done.stderr
    # The worker may have written to a new one by now.
    (old,) = set(logs.iterdir()) - {log}
    assert "is ready" in old.read_text()
    assert commands.run("call", "shop.add", "-a", "[1, 2]", "--wait").returncode == 0
    until(lambda: log.exists() and "shop.add" in log.read_text(), "a line in the new file")
    assert worker.stop() == 0
    assert "is stopping" in log.read_text()
    assert os.path.getsize(old) > 0
