"""How a supervised worker stops, and what tells how it is."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.integration.worker.conftest import Journal, Stage
from tests.support.faulty_proxy import FaultyProxy
from tests.support.servers import find_free_port
from tests.support.workers import until


def taskhub(stage: Stage, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the directory of a stage."""
    root = Path(__file__).parents[3]
    return subprocess.run(
        [sys.executable, "-m", "taskhub", *arguments],
        cwd=stage.directory,
        env={**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_sigquit_gives_back_at_once(stage: Stage, journal: Journal, tmp_path: Path) -> None:
    workers = stage.supervised(processes=1)
    stage.send("wait_for_file", journal, tmp_path / "never")
    journal.wait_for(1)
    workers.send(signal.SIGQUIT)
    # What was asked for was done, as in Celery.
    assert workers.wait(20) == 0
    assert "1 task was requeued" in workers.log
    assert stage.app.engine.queues()["default"].ready == 1


def test_sigquit_leaves_tasks_the_time_of_the_setting(
    make_stage: Callable[..., Stage], journal: Journal, tmp_path: Path
) -> None:
    stage = make_stage(worker_soft_shutdown_timeout=30)
    workers = stage.supervised(processes=1)
    ending = stage.send("wait_for_file", journal, tmp_path / "go")
    journal.wait_for(1)
    workers.send(signal.SIGQUIT)
    until(lambda: "longer than 30 s" in workers.log, "the worker to stop")
    (tmp_path / "go").touch()
    assert ending.get(timeout=20)
    assert workers.wait(20) == 0
    assert "were requeued" not in workers.log


def test_sigterm_can_mean_sigquit(
    stage: Stage, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMAP_SIGTERM", "SIGQUIT")
    workers = stage.supervised(processes=1)
    stage.send("wait_for_file", journal, tmp_path / "never")
    journal.wait_for(1)
    workers.send(signal.SIGTERM)
    assert workers.wait(20) == 0
    assert stage.app.engine.queues()["default"].ready == 1


def test_an_idle_worker_gives_nothing_back_at_sigquit(stage: Stage) -> None:
    workers = stage.supervised(processes=2)
    workers.send(signal.SIGQUIT)
    assert workers.wait(20) == 0
    assert not re.search(r"\btasks? (was|were) requeued", workers.log)


def test_the_time_to_stop_may_be_a_setting(
    make_stage: Callable[..., Stage], journal: Journal, tmp_path: Path
) -> None:
    stage = make_stage(worker_shutdown_timeout=1)
    workers = stage.supervised(processes=1)
    stage.send("wait_for_file", journal, tmp_path / "never")
    journal.wait_for(1)
    workers.send(signal.SIGTERM)
    assert workers.wait(20) == 0
    assert "1 task was requeued" in workers.log
    assert stage.app.engine.queues()["default"].ready == 1


def test_health_checks_tell_ready_from_alive(
    stage: Stage, journal: Journal, tmp_path: Path
) -> None:
    name = f"w{os.getpid()}@here"
    workers = stage.supervised("-n", name, "--pidfile", str(tmp_path / "%n.pid"), processes=2)
    well = taskhub(stage, "worker", "--healthcheck", "-n", name)
    assert (well.returncode, well.stderr) == (0, "")
    assert well.stdout.startswith(f"{name} (process ")
    assert "2 of 2 processes ready" in well.stdout
    pidfile = tmp_path / f"w{os.getpid()}.pid"
    assert int(pidfile.read_text()) == workers.master.pid  # type: ignore[union-attr]
    second = taskhub(stage, "worker", "--pidfile", str(pidfile))
    assert second.returncode == 1
    assert "which runs" in second.stderr
    stage.send("wait_for_file", journal, tmp_path / "go")
    journal.wait_for(1)
    workers.send(signal.SIGTERM)
    until(lambda: "is stopping" in workers.log, "the worker to stop")
    stopping = taskhub(stage, "worker", "--healthcheck", "-n", name)
    assert stopping.returncode == 1
    assert "it is stopping" in stopping.stdout
    assert (
        taskhub(stage, "worker", "--healthcheck", "live", "--pidfile", str(pidfile)).returncode == 0
    )
    (tmp_path / "go").touch()
    assert workers.wait(30) == 0
    assert not pidfile.exists()
    gone = taskhub(stage, "worker", "--healthcheck", "live", "-n", name)
    assert gone.returncode == 1
    assert gone.stderr == "error: no worker of this user and name runs here\n"


def test_without_its_store_a_worker_is_alive_and_not_ready(
    make_stage: Callable[..., Stage], proxy: FaultyProxy
) -> None:
    stage = make_stage(url=proxy.url)
    name = f"x{os.getpid()}@here"
    workers = stage.supervised("-n", name, processes=1)
    proxy.go_silent()
    try:
        until(
            lambda: (
                "reaches the store" in taskhub(stage, "worker", "--healthcheck", "-n", name).stdout
            ),
            "the worker to be unready",
            40,
        )
        assert taskhub(stage, "worker", "--healthcheck", "live", "-n", name).returncode == 0
    finally:
        proxy.speak()
    until(
        lambda: taskhub(stage, "worker", "--healthcheck", "-n", name).returncode == 0,
        "the worker to be ready again",
        60,
    )
    assert workers.is_running


def test_lines_of_json_name_the_task_that_logs_them(stage: Stage) -> None:
    workers = stage.supervised("--log-format", "json", processes=1)
    result = stage.send("says", "something odd")
    result.get(timeout=20)
    until(lambda: "something odd" in workers.log and "succeeded" in workers.log, "its lines")
    lines = [json.loads(line) for line in workers.log.splitlines()]
    said = [line for line in lines if "something odd" in line["message"]]
    # Logged, printed, and logged by a library of its own.
    assert {line["logger"] for line in said} == {"shop", "taskhub.redirected"}
    for line in [*said, *(line for line in lines if line["logger"] == "taskhub.trace")]:
        assert (line["task_id"], line["task_name"]) == (result.id, "says")
    assert any(line["process"] == "supervisor" for line in lines)


def test_plain_lines_name_the_task_that_logs_them_in_the_format_of_the_settings(
    make_stage: Callable[..., Stage],
) -> None:
    stage = make_stage(worker_task_log_format="<%(task_name)s %(task_id)s> %(message)s")
    workers = stage.supervised(processes=1)
    result = stage.send("says", "something odd")
    result.get(timeout=20)
    until(lambda: workers.log.count("something odd") == 2, "its lines")
    assert workers.log.count(f"<says {result.id}> something odd") == 2


@pytest.mark.parametrize(("arguments", "lines"), [((), 0), (("-v",), 1)], ids=["plain", "verbose"])
def test_under_dramatiq_lines_of_ended_tasks_are_for_the_verbose(
    stage: Stage, journal: Journal, arguments: tuple[str, ...], lines: int
) -> None:
    workers = stage.workers(arguments=arguments)
    result = stage.send("mark", journal)
    result.get(timeout=20)
    workers.terminate()
    workers.wait()
    assert workers.log.count(f"Task mark[{result.id}] succeeded in") == lines


def test_a_worker_goes_on_in_the_background(stage: Stage, journal: Journal) -> None:
    from tests.integration.worker.conftest import PROGRAM
    from tests.support.workers import SETTINGS_VARIABLE

    environment = {SETTINGS_VARIABLE: json.dumps(stage.settings)}
    arguments = ["-A", PROGRAM, "worker", "-D", "--pidfile", "w.pid", "-f", "w%I.log", "-c", "1"]
    started = taskhub(stage, *arguments, **environment)
    assert (started.returncode, started.stdout, started.stderr) == (0, "", "")
    pidfile = stage.directory / "w.pid"
    pid = int(until(lambda: pidfile.exists() and pidfile.read_text(), "the worker to start"))
    try:
        assert os.getsid(pid) != os.getsid(0)
        assert stage.send("mark", journal).get(timeout=30) != pid
        assert (stage.directory / "w-1.log").exists()
    finally:
        os.kill(pid, signal.SIGTERM)
        until(lambda: not pidfile.exists(), "the worker to end", 90)


@pytest.mark.parametrize("how", ["told", "left"])
def test_a_process_that_waits_for_its_store_ends_when_it_is_told_and_with_its_supervisor(
    make_stage: Callable[..., Stage], how: str
) -> None:
    away = f"redis://127.0.0.1:{find_free_port()}/0"
    stage = make_stage(url=away, broker_connection_retry_on_startup=True)
    workers = stage.supervised(processes=1, wait=False)
    until(lambda: "trying again" in workers.log, "the process to wait for its store", 60)
    assert workers.master is not None
    (child,) = psutil.Process(workers.master.pid).children()
    workers.send(signal.SIGTERM if how == "told" else signal.SIGKILL)
    until(lambda: not child.is_running(), "the process to end", 60)
