"""The dashboard that `taskhub up` starts beside its workers: one for each project and app."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final

from taskhub.cli.child_command import ChildCommand
from taskhub.cli.listeners import listen_on_next_free, listener_url
from taskhub.cli.web import LOOPBACK

__all__ = ("EmbeddedDashboard", "is_installed", "start_dashboard")

#: So many ports are tried, one after another.
_PORTS_TRIED: Final = 10
_LAST_PORT: Final = 65535
#: Packages of the extra `web` that the dashboard imports at its start.
_PACKAGES: Final = ("argon2", "jinja2", "jsonschema", "starlette", "uvicorn")


def is_installed() -> bool:
    """Whether the packages of the extra `web` are here."""
    return all(find_spec(name) is not None for name in _PACKAGES)


@dataclass(frozen=True)
class EmbeddedDashboard:
    """What has become of the dashboard.

    Args:
        text: For the banner: where it is, or why there is none.
        command: Its process; None: none was started.
    """

    text: str
    command: ChildCommand | None = None

    def stop(self) -> None:
        """Ask it to end; returns at once."""
        if self.command is not None:
            self.command.stop()

    def wait(self) -> None:
        """Wait until it has ended."""
        if self.command is not None:
            self.command.wait()


def start_dashboard(app: str, facts: dict[str, Any], log: Path, port: int) -> EmbeddedDashboard:
    """Start a dashboard on this host's loopback, or find out where that of another `up` is.

    Args:
        app: The app as `-A` names it.
        facts: What a worker process has reported.
        log: A file to which it copies its log lines.
        port: Where it listens, or on the next one that is free; 0: any that is free.
    """
    if not is_installed():
        return EmbeddedDashboard("no dashboard: install taskhub-core[web]")
    try:
        lock = _open_lock_file(Path(facts["home"]), app, facts["store"])
    except OSError as error:
        return _no_dashboard(error)
    try:
        other = _lock(lock)
        if other is not None:
            lock.close()
            return EmbeddedDashboard(f"dashboard at {other}, of the command that was here already")
        listener = listen_on_next_free(LOOPBACK, _ports_from(port))
    except OSError as error:
        lock.close()
        return _no_dashboard(error)
    url = f"{listener_url(listener)}/"
    taken = "" if port in {0, listener.getsockname()[1]} else f" (port {port} is in use)"
    lock.write(json.dumps({"url": url}))
    lock.flush()
    arguments = ["-A", app, "web", "--listen-fd", str(listener.fileno()), "--copy-log", str(log)]
    command = ChildCommand("dashboard", arguments, [listener], lock)
    command.start()
    return EmbeddedDashboard(f"dashboard at {url}{taken}", command)


def _no_dashboard(error: OSError) -> EmbeddedDashboard:
    reason = error.strerror or str(error)
    return EmbeddedDashboard(f"no dashboard: {reason}; `--web-port 0` takes any port")


def _ports_from(port: int) -> range:
    return range(port, min(port + _PORTS_TRIED, _LAST_PORT + 1) if port else 1)


def _open_lock_file(home: Path, app: str, store: str) -> IO[str]:
    """Open the file that names the dashboard of an app on a store.

    Raises:
        OSError: It cannot be opened.
    """
    digest = hashlib.blake2b(f"{app}\n{store}".encode(), digest_size=6).hexdigest()
    descriptor = os.open(home / f"dashboard-{digest}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    return os.fdopen(descriptor, "r+", encoding="utf-8")


def _lock(file: IO[str]) -> str | None:
    """Lock the file; return None, or the URL of the dashboard of the command that has locked it.

    A command that starts a dashboard holds the lock until that has ended for good.

    Raises:
        OSError: Files cannot be locked there.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            return str(json.loads(file.read())["url"])
        except (ValueError, KeyError, TypeError):
            # Its starter has not written it yet.
            return f"{LOOPBACK}, which starts just now"
    file.truncate(0)
    return None
