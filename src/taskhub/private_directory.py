"""Directories of one user in a place that all users share, such as `/tmp`."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

__all__ = ("DirectoryRefused", "check_private_directory", "make_private_directory")


class DirectoryRefused(PermissionError):
    """A directory is not this user's alone; the message says what to do."""


def make_private_directory(directory: Path) -> Path:
    """Return a directory that only this user can enter; it is made if it is missing.

    Raises:
        DirectoryRefused: It is a link, belongs to somebody else, or is open to others.
        OSError: It cannot be made.
    """
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    check_private_directory(directory)
    return directory


def check_private_directory(directory: Path) -> None:
    """Check that only this user can enter a directory.

    In a shared place somebody else may have been there first: with a link to lead us elsewhere, or
    to listen where our processes meet. So it is looked at without following links.

    Raises:
        DirectoryRefused: It is a link, belongs to somebody else, or is open to others.
        FileNotFoundError: There is none.
    """
    found = directory.lstat()
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISLNK(found.st_mode):
        wrong = "is a link"
    elif not stat.S_ISDIR(found.st_mode):
        wrong = "is not a directory"
    elif found.st_uid != os.getuid():
        wrong = "belongs to somebody else"
    elif mode & 0o077:
        wrong = f"is open to others (mode {mode:o})"
    else:
        return
    raise DirectoryRefused(
        f"{directory} {wrong}: remove it, or set TMPDIR to a directory of your own"
    )
