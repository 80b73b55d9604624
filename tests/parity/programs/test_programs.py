"""Programs written as users of Celery write them, run unchanged on Celery and on taskhub-compat, print the same.

Each folder is one program: `Procfile` has the commands that go on, `client.py` is run beside them, and what it prints
must be `expected.txt`, whichever library is installed.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.parity import LIBRARIES, environment, python, stores
from tests.support.servers import find_free_port
from tests.support.workers import until

HERE = Path(__file__).parent
PROGRAMS = sorted(path.parent.name for path in HERE.glob("*/client.py"))
TIMEOUT = 150.0


class Program:
    """One program with one library, in a directory and on a server of its own."""

    def __init__(self, name: str, library: str, url: str, directory: Path) -> None:
        self.directory = directory
        shutil.copytree(HERE / name, directory, ignore=shutil.ignore_patterns("__pycache__"))
        self.library = library
        self.port = find_free_port()
        executables = python(library).parent
        self.environment = {
            **environment(library),
            "PATH": f"{executables}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(directory),
            "PYTHONDONTWRITEBYTECODE": "1",
            "REDIS_URL": url,
            "PORT": str(self.port),
            "C_FORCE_ROOT": "1",
        }
        self.running: dict[Path, subprocess.Popen[bytes]] = {}
        self.client: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start what the Procfile names."""
        for line in (self.directory / "Procfile").read_text().splitlines():
            name, _, command = line.partition(": ")
            log = self.directory / f"{name}.log"
            with log.open("wb") as output:
                self.running[log] = subprocess.Popen(
                    ["sh", "-c", f"exec {command}"],
                    cwd=self.directory,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )

    def begin(self) -> None:
        """Start the client when workers and sites are ready."""
        until(self._is_ready, f"{self.library}'s commands to be ready: {self.logs}", 60.0)
        self.client = subprocess.Popen(
            [str(python(self.library)), "client.py"],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def printed(self) -> str:
        """Return what the client has printed, when it has ended."""
        assert self.client is not None
        output, errors = self.client.communicate(timeout=TIMEOUT)
        assert self.client.returncode == 0, f"{self.library}:\n{output}\n{errors}\n{self.logs}"
        return output

    @property
    def logs(self) -> str:
        """What the commands have printed."""
        return "\n".join(log.read_text("utf-8", "replace") for log in self.running)

    def stop(self) -> None:
        """End everything."""
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        if self.client is not None:
            with self.client:
                self.client.kill()
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _is_ready(self) -> bool:
        for log, process in self.running.items():
            assert process.poll() is None, f"{self.library}: {log.read_text()}"
            if log.stem.startswith("worker") and "ready" not in log.read_text("utf-8", "replace"):
                return False
            if log.stem == "web" and not self._listens():
                return False
        return True

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_the_same(name: str, tmp_path: Path) -> None:
    with stores(tmp_path / "stores") as urls:
        run_both(name, urls, tmp_path)


def run_both(name: str, urls: Mapping[str, str], directory: Path) -> None:
    """Run a program with both libraries; what each prints must be what is expected."""
    expected = (HERE / name / "expected.txt").read_text()
    programs = [Program(name, library, urls[library], directory / library) for library in LIBRARIES]
    try:
        # Both at once: most of the time they wait.
        for program in programs:
            program.start()
        for program in programs:
            program.begin()
        for program in programs:
            assert program.printed() == expected, f"{program.library}\n{program.logs}"
    finally:
        for program in programs:
            program.stop()
