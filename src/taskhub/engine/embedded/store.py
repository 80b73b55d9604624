"""The development store: started by the first process that uses it, stopped after the last."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from taskhub.closable import Closable
from taskhub.engine.embedded.binary import find_python, find_server
from taskhub.engine.embedded.home import Home, store_directory
from taskhub.exceptions import ImproperlyConfigured, OperationalError

__all__ = ("EmbeddedStore", "acquire")

#: Seconds for which the store outlives its last user, so that commands in a row share one.
LINGER: Final = 2.0
#: Seconds for the server to read its data and answer.
START_TIMEOUT: Final = 30.0
_START_POLL: Final = 0.005
_PING_TIMEOUT: Final = 1.0


class EmbeddedStore(Closable):
    """The use of a development store by one process.

    The store runs at least until every hold is closed or its process has ended, however it ended. A
    forked child shares the hold of its parent; a program that is started (``exec``) does not.
    So a task that forks and leaves its child behind keeps the store running as long as that child.

    Args:
        home: The directory of the store.
        hold: A descriptor with the shared lock.
    """

    def __init__(self, home: Home, hold: int) -> None:
        self._hold: int | None = hold
        self.directory = home.directory
        self.socket = home.socket
        self.url = f"unix://{quote(str(home.socket))}?db=0"

    def announcement(self) -> str:
        """Return the line that says where tasks and results are stored."""
        return (
            "no broker configured (set TASKHUB_BROKER_URL or broker_url): "
            f"using the development store at {self.directory}"
        )

    def close(self) -> None:
        """Stop using the store; it shuts down after its last user. May be called twice."""
        hold, self._hold = self._hold, None
        if hold is not None:
            # Closed, not unlocked: unlocking would take the hold from forked children too.
            os.close(hold)

    def __repr__(self) -> str:
        return f"EmbeddedStore({str(self.directory)!r})"


def acquire(directory: Path | None = None, *, linger: float = LINGER) -> EmbeddedStore:
    """Use the development store, starting it if nobody has.

    Its data outlives it, in an append-only file written once a second. It listens on a socket that
    only this user may open, and on no port.

    Args:
        directory: Where the store is kept; None: ``store_directory()``.
        linger: Seconds for which the store outlives its last user; the one who starts it decides.

    Raises:
        ImproperlyConfigured: There is no server to start, or no place to keep its data.
        OperationalError: The server was started and does not answer.
    """
    home = Home(directory or store_directory())
    # Held from here on, so that a watcher that is about to stop doesn't, or is waited for.
    hold = _lock(home.users_lock, fcntl.LOCK_SH)
    try:
        if not _runs(home):
            with _exclusive(home.start_lock):
                _start(home, linger)
    except BaseException:
        os.close(hold)
        raise
    return EmbeddedStore(home, hold)


def _start(home: Home, linger: float) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    started = False
    while not _runs(home):
        if not _is_watched(home):
            if started:
                raise OperationalError(
                    f"the development store in {home.directory} does not start"
                    f"{_last_line(home.log)}: see {home.log}, "
                    "or set TASKHUB_BROKER_URL to a server"
                )
            home.record_socket()
            _spawn_watcher(home, linger)
            started = True
        if time.monotonic() > deadline:
            raise OperationalError(
                f"the development store in {home.directory} does not answer after "
                f"{START_TIMEOUT:g} s: see {home.log}, or if the directory is on a network drive "
                "set TASKHUB_HOME to a local one"
            )
        time.sleep(_START_POLL)


def _spawn_watcher(home: Home, linger: float) -> None:
    import subprocess

    server = [
        *(str(find_server()), "--port", "0"),
        *("--unixsocket", str(home.socket), "--unixsocketperm", "700"),
        *("--dir", str(home.directory), "--logfile", str(home.log)),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--daemonize", "no", "--loglevel", "notice"),
    ]
    # Python by itself, not as this program was started: no site, none of its environment.
    script = [str(find_python()), "-I", "-S", str(Path(__file__).with_name("watcher.py"))]
    files = (home.users_lock, home.watch_lock, home.socket, home.log)
    with home.log.open("ab") as log:
        subprocess.run(
            [*script, *map(str, files), str(linger), *server],
            check=False,
            cwd=home.directory,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            umask=0o077,
        )


def _runs(home: Home) -> bool:
    # A server without a watcher is about to stop, or would never stop.
    if not _is_watched(home):
        return False
    home.check_socket()
    return _answers(home.socket)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_PING_TIMEOUT)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            # While it reads its data it answers -LOADING.
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _is_watched(home: Home) -> bool:
    """Return whether a watcher lives."""
    descriptor = os.open(home.watch_lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Shared, so that two who ask at once don't take each other for a watcher.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock(path: Path, operation: int) -> int:
    try:
        # Python opens files so that programs started by this one don't inherit them.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ImproperlyConfigured(
            f"the development store can't use {path} ({error.strerror}): set TASKHUB_HOME to a "
            "directory of your own, or TASKHUB_BROKER_URL to a server"
        ) from error
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def _exclusive(path: Path) -> Generator[None]:
    descriptor = _lock(path, fcntl.LOCK_EX)
    try:
        yield
    finally:
        # Unlocked, not only closed: a child that was forked meanwhile would keep it.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _last_line(log: Path) -> str:
    """Return the last line of the log in parentheses, or nothing."""
    try:
        lines = log.read_text("utf-8", "replace").split("\n")
    except OSError:
        return ""
    written = [line.strip() for line in lines if line.strip()]
    return f" ({written[-1]})" if written else ""
