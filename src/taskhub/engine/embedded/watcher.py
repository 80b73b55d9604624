"""The watcher of a development store: a process that runs the server while anybody uses it.

Run as a script (it imports nothing of taskhub, so that it starts at once)::

    python -I -S watcher.py USERS_LOCK WATCH_LOCK SOCKET LOG LINGER SERVER [ARGUMENT ...]

It detaches itself, starts the server, and starts it again should it die. Each user holds a shared
lock on USERS_LOCK, which the kernel drops however the user ends, so that when the exclusive one can
be had for LINGER seconds nobody is there any more: the server is asked to shut down, and the
watcher ends. WATCH_LOCK is held exclusively as long as the watcher lives.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

#: Seconds that a server must live, or else its next death counts as a failed start.
STEADY_AFTER: Final = 1.0
FAILED_STARTS: Final = 3
#: Seconds for writing what is not yet on disk, before the server is killed.
SHUTDOWN_TIMEOUT: Final = 10.0
LONGEST_LOG: Final = 1_000_000


class Watcher:
    """Keeps one server running until the last user has left.

    Args:
        users: Descriptor of the users' lock file.
        socket_path: Where the server listens.
        linger: Seconds for which the server outlives its last user.
        command: The server and its arguments.
        log: The server's log file.
    """

    def __init__(
        self, users: int, socket_path: Path, linger: float, command: list[str], log: Path
    ) -> None:
        self._users = users
        self._socket_path = socket_path
        self._linger = linger
        self._command = command
        self._log = log
        self._stopping = threading.Event()
        self._server: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Return the exit code: 0 when the last user has left, 1 when the server does not start."""
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        threading.Thread(target=self._wait_for_last_user, daemon=True).start()
        failed = 0
        while failed < FAILED_STARTS:
            started = time.monotonic()
            self._start().wait()
            if self._stopping.is_set():
                self._socket_path.unlink(missing_ok=True)
                return 0
            failed = failed + 1 if time.monotonic() - started < STEADY_AFTER else 0
        return 1

    def _start(self) -> subprocess.Popen[bytes]:
        if self._log.exists() and self._log.stat().st_size > LONGEST_LOG:
            self._log.replace(self._log.with_suffix(".log.old"))
        with self._log.open("ab") as log:
            # In the main thread: the kernel watches over the thread that started the server.
            self._server = server = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                preexec_fn=_end_with_parent(os.getpid()),
            )
        if self._stopping.is_set():
            server.terminate()
        return server

    def _stop(self) -> None:
        self._stopping.set()
        server = self._server
        if server is not None:
            server.terminate()
            patience = threading.Timer(SHUTDOWN_TIMEOUT, server.kill)
            patience.daemon = True
            patience.start()

    def _wait_for_last_user(self) -> None:
        while True:
            fcntl.flock(self._users, fcntl.LOCK_EX)
            fcntl.flock(self._users, fcntl.LOCK_UN)
            time.sleep(self._linger)
            try:
                # Kept to the end: who comes now waits at the door until the watcher is gone.
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            self._stop()
            return


def stop_orphan(path: Path) -> None:
    """End a server whose watcher was killed, and wait for it: two must not write the same file.

    On Linux the kernel has sent it SIGTERM, so it may be stopping.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SHUTDOWN_TIMEOUT)
        try:
            connection.connect(str(path))
            connection.sendall(b"SHUTDOWN\r\n")
            # Closed by the server's end, when all is on disk.
            while connection.recv(1024):
                pass
        except OSError:
            return


def _end_with_parent(watcher: int) -> Callable[[], None] | None:
    """Return what makes the server end with the watcher; None: not on this system."""
    if sys.platform != "linux":
        return None
    import ctypes

    process_control = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1

    def end_with_parent() -> None:
        process_control(set_parent_death_signal, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != watcher:
            os._exit(1)

    return end_with_parent


def main(arguments: list[str]) -> int:
    """Run the watcher; returns the exit code."""
    users_path, watch_path, socket_path, log, linger, *command = arguments
    # Released when this process ends. Who asks whether there is a watcher holds it for an instant.
    watch = os.open(watch_path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(watch, fcntl.LOCK_EX)
    stop_orphan(Path(socket_path))
    # The lock is held before the caller goes on, and belongs to the process that goes on here.
    if os.fork():
        os._exit(0)
    os.setsid()
    users = os.open(users_path, os.O_RDWR | os.O_CREAT, 0o600)
    return Watcher(users, Path(socket_path), float(linger), command, Path(log)).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
