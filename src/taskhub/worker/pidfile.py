"""The file that names a running worker's process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil


class AlreadyRunning(Exception):
    """The file names a process that runs; the message says which."""


@contextmanager
def holding(path: Path) -> Generator[None]:
    """Hold a file with this process's id; one that a process has left behind is replaced.

    Raises:
      AlreadyRunning: another process holds it.
      OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written before it gets its name, so that nobody reads half of it; and a link is made only where there is no file.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(f"{os.getpid()}\n")
    try:
        while True:
            try:
                os.link(draft, path)
                break
            except FileExistsError:
                refuse_if_held(path)
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
    finally:
        draft.unlink()
    try:
        yield
    finally:
        if read(path) == os.getpid():
            path.unlink()


def refuse_if_held(path: Path) -> None:
    """Check that a file names no other process that runs.

    Raises:
      AlreadyRunning: it does.
    """
    holder = read(path)
    if holder is not None and holder != os.getpid() and psutil.pid_exists(holder):
        raise AlreadyRunning(
            f"{path} names process {holder}, which runs: stop it, or choose another --pidfile"
        )


def read(path: Path) -> int | None:
    """Return the process that a file names; None: it names none."""
    try:
        process = int(path.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    return process if 0 < process < 2**31 else None
