"""The pidfile of a running worker."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil


class AlreadyRunning(Exception):
    """The file names a process that runs; the message says which."""


@contextmanager
def pidfile_held(path: Path) -> Generator[None]:
    """Hold a pidfile during a block; one that a process has left behind is replaced.

    SIGTERM ends the block, and so removes the file, until it is handled otherwise.

    Raises:
        AlreadyRunning: Another process holds it.
        OSError: It cannot be written.
    """
    check_pidfile(path)
    # Written before it gets its name, so that nobody reads half of it; and a link is made only
    # where there is no file.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with _exit_on_sigterm():
        try:
            draft.write_text(f"{os.getpid()}\n")
            _link(draft, path)
            draft.unlink()
            yield
        finally:
            draft.unlink(missing_ok=True)
            if read_pidfile(path) == os.getpid():
                path.unlink()


def _link(draft: Path, path: Path) -> None:
    while True:
        try:
            os.link(draft, path)
            return
        except FileExistsError:
            check_pidfile(path)
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


@contextmanager
def _exit_on_sigterm() -> Generator[None]:
    """Make SIGTERM raise SystemExit during a block, unless it is handled already."""
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    ):
        yield
        return
    signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def check_pidfile(path: Path) -> None:
    """Check that a pidfile names no other process that runs, and that it can be written.

    Raises:
        AlreadyRunning: It does.
        OSError: It cannot.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
    holder = read_pidfile(path)
    if holder is not None and holder != os.getpid() and psutil.pid_exists(holder):
        raise AlreadyRunning(
            f"{path} names process {holder}, which runs: stop it, or choose another --pidfile"
        )


def read_pidfile(path: Path) -> int | None:
    """Return the process that a file names; None: it names none."""
    try:
        process = int(path.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    return process if 0 < process < 2**31 else None
