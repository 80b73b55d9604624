"""A PostgreSQL server of a test's own, from the distribution's programs: it may be killed and restarted."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Self

import psycopg
import pytest

from tests.support.servers import end_with_parent, find_free_port

HOW_TO_INSTALL: Final = (
    "no initdb: install a PostgreSQL server, as in `apt-get install postgresql`, or put its bin "
    "directory into PATH"
)
#: Who runs it when the tests run as root, which PostgreSQL refuses to.
SERVER_USER: Final = "postgres"
START_TIMEOUT: Final = 30.0
#: What it is told beside what the test says. Small, and each commit waits for its disk.
_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "max_wal_size": "4GB",
}


@cache
def programs() -> Path | None:
    """Return the directory of the server's programs; None: it is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


class PostgresServer:
    """A running server; what is committed outlives `kill`.

    To be started by the main thread: the kernel ends it with the thread that did.

    Args:
        settings: Settings beside the usual ones.
    """

    process: subprocess.Popen[bytes]

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        found = programs()
        if found is None:
            pytest.skip(HOW_TO_INSTALL)
        self._programs = found
        # Not below a directory of pytest's, which the server's user may not enter.
        self.directory = Path(tempfile.mkdtemp(prefix="taskhub-postgres-"))
        self._user = SERVER_USER if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self.directory, self._user)
        self.port = find_free_port()
        self._settings = {**_SETTINGS, **(settings or {})}
        try:
            self._run(
                *("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8"),
                *("--no-locale", "--no-sync"),
            )
            self.start()
        except BaseException:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def url(self) -> str:
        """The URL of the database that each server has, as its superuser."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def connect(self) -> psycopg.Connection:
        """Return a connection as its superuser, in autocommit mode."""
        return psycopg.connect(self.url, autocommit=True, connect_timeout=5)

    def start(self) -> None:
        """Start it with the data that is there, and wait until it serves."""
        options = [
            part
            for name, value in {**self._settings, "port": str(self.port)}.items()
            for part in ("-c", f"{name}={value}")
        ]
        with (self.directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self._data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._user,
                preexec_fn=end_with_parent(),
            )
        atexit.register(self.close)
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                self.connect().close()
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                log_text = (self.directory / "server.log").read_text("utf-8", "replace")
                self.kill()
                raise RuntimeError(f"PostgreSQL does not start: {log_text[-500:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it without notice: `SIGQUIT`, after which it has its log to read, as after a crash.

        Not `SIGKILL`, which leaves its backends alive.
        """
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """Shut it down, with its connections."""
        self._end(signal.SIGINT)

    def pause(self) -> None:
        """Let it and all of its backends stand still."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal_all(signal.SIGCONT)

    def close(self) -> None:
        """End it, and delete what it holds."""
        atexit.unregister(self.close)
        self._signal_all(signal.SIGCONT)
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(START_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def _signal_all(self, number: signal.Signals) -> None:
        import psutil

        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(self.process.pid)
            for process in (server, *server.children()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = (str(self._programs / program), *arguments)
        ended = subprocess.run(command, user=self._user, capture_output=True, cwd="/", check=False)
        if ended.returncode:
            raise RuntimeError(f"{program} failed: {ended.stderr.decode('utf-8', 'replace')}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
