"""The directory of a development store: its path, its locks, its socket.

====================  =======================================================================
``users.lock``        shared lock of every process that uses the store
``start.lock``        exclusive lock of the process that is starting the store
``watch.lock``        exclusive lock of the watcher, for as long as it lives
``store.sock``        the server's socket, unless its path were too long
``socket.path``       if so: where the socket is instead
``store.log``         the server's log
``appendonlydir/``    the data (``appendonly.aof`` with Redis 6.2)
====================  =======================================================================
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Final

from taskhub.exceptions import ImproperlyConfigured
from taskhub.private_directory import check_private_directory, make_private_directory

__all__ = ("Home", "project_directory", "store_directory")

#: Files that mark a project's directory.
_PROJECT_FILES: Final = ("pyproject.toml", "setup.cfg", ".git")

#: Bytes in the path of a socket: 108 on Linux, 104 on macOS and the BSDs, each with a final zero.
_LONGEST_SOCKET_PATH: Final = 103


def project_directory(start: Path | None = None) -> Path:
    """Return the nearest directory, from ``start`` (the current one) upwards, that is a project's.

    That is one with a ``pyproject.toml``, ``setup.cfg`` or ``.git``; if there is none, ``start``.
    """
    start = (start or Path.cwd()).resolve()
    for directory in (start, *start.parents):
        if any((directory / name).exists() for name in _PROJECT_FILES):
            return directory
    return start


def store_directory(project: Path | None = None) -> Path:
    """Return where the development store is kept.

    ``.taskhub`` in ``project``; without that ``TASKHUB_HOME``, if it is set, and otherwise
    ``.taskhub`` in the project's directory.
    """
    if project is not None:
        return project.expanduser().resolve() / ".taskhub"
    chosen = os.environ.get("TASKHUB_HOME")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return project_directory() / ".taskhub"


class Home:
    """The directory of a store, made if it is missing, closed to other users.

    Raises:
        ImproperlyConfigured: It can't be made or is somebody else's.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _close_to_others(self.directory)
            ignore = self.directory / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
        except OSError as error:
            raise ImproperlyConfigured(
                f"the development store can't use {self.directory} ({error.strerror}): set "
                "TASKHUB_HOME to a directory of your own, or TASKHUB_BROKER_URL to a server"
            ) from error

    @property
    def users_lock(self) -> Path:
        return self.directory / "users.lock"

    @property
    def start_lock(self) -> Path:
        return self.directory / "start.lock"

    @property
    def watch_lock(self) -> Path:
        return self.directory / "watch.lock"

    @property
    def log(self) -> Path:
        return self.directory / "store.log"

    @property
    def socket(self) -> Path:
        """Where the socket is; the same for every process, whatever its environment."""
        if len(os.fsencode(self._usual_socket)) <= _LONGEST_SOCKET_PATH:
            return self._usual_socket
        with contextlib.suppress(FileNotFoundError):
            return Path((self.directory / "socket.path").read_text())
        return self._short_socket()

    def check_socket(self) -> None:
        """Check that nobody else can listen where the socket is.

        Raises:
            ImproperlyConfigured: Its directory is not this user's alone.
        """
        try:
            check_private_directory(self.socket.parent)
        except FileNotFoundError:
            # Nobody listens there.
            return
        except OSError as error:
            raise ImproperlyConfigured(
                f"the development store can't use its socket's directory: {error}"
            ) from error

    def record_socket(self) -> None:
        """Write down where the socket is, for other processes; called with the start lock held."""
        if self.socket == self._usual_socket:
            return
        # Chosen anew: the directory of the last time may be gone, as at the end of a login.
        socket = self._short_socket()
        try:
            make_private_directory(socket.parent)
            partial = self.directory / "socket.path.partial"
            partial.write_text(str(socket))
            partial.replace(self.directory / "socket.path")
        except OSError as error:
            raise ImproperlyConfigured(
                f"the development store can't use {socket.parent} ({error.strerror or error}): set "
                "TASKHUB_HOME to a directory with a shorter path"
            ) from error

    @property
    def _usual_socket(self) -> Path:
        return self.directory / "store.sock"

    def _short_socket(self) -> Path:
        import hashlib
        import tempfile

        name = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        parent = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        return parent / f"taskhub-{os.getuid()}-{name}" / "store.sock"


def _close_to_others(directory: Path) -> None:
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        # In a temporary directory somebody else may have been there first, to listen in.
        raise PermissionError(errno.EPERM, "it is somebody else's", str(directory))
    if stat.S_IMODE(found.st_mode) != 0o700:
        directory.chmod(0o700)
