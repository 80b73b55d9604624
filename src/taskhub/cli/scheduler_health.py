"""`taskhub scheduler --healthcheck`: the age of a file that the scheduler renews at each turn."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from pathlib import Path
from typing import Final

import click
import psutil

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.worker.runtime_directory import runtime_directory

__all__ = ("LATE_AFTER", "Heartbeat", "check_scheduler")

logger = logging.getLogger(__name__)

#: A turn takes 1 s, and some seconds while the store is out of reach: a scheduler that has had none
#: for so long hangs, seconds.
LATE_AFTER: Final = 60.0
_PREFIX: Final = "scheduler-"
_SUFFIX: Final = ".turn"


class Heartbeat:
    """The file of the scheduler in this process."""

    def __init__(self) -> None:
        self._path: Path | None = None
        try:
            self._path = runtime_directory() / f"{_PREFIX}{os.getpid()}{_SUFFIX}"
            self.renew()
        except OSError as error:
            logger.warning("no health checks are answered: %s", error)
            self._path = None

    def renew(self) -> None:
        """Note that the scheduler has had a turn."""
        if self._path is not None:
            self._path.touch(mode=0o600)

    def close(self) -> None:
        """Remove the file."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def check_scheduler() -> int:
    """Print one line on this user's schedulers on this host; return 0 if all are well, else 1.

    Raises:
        CommandError: There is none.
    """
    found = _ages()
    if not found:
        raise CommandError("no scheduler of this user runs here")
    late = {process: age for process, age in found.items() if age > LATE_AFTER}
    click.echo(
        "; ".join(
            f"scheduler (process {process}): its last turn was {age:.1f} s ago"
            for process, age in (late or found).items()
        )
    )
    return exit_codes.FAILURE if late else exit_codes.OK


def _ages() -> dict[int, float]:
    """Return how long ago each scheduler had its last turn, by its process."""
    found = {}
    for path in sorted(runtime_directory().glob(f"{_PREFIX}*{_SUFFIX}")):
        process = int(path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX))
        with contextlib.suppress(FileNotFoundError):
            if psutil.pid_exists(process):
                found[process] = max(0.0, time.time() - path.stat().st_mtime)
            else:
                # Left behind by one that was killed.
                path.unlink()
    return found
