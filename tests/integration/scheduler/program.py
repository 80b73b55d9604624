"""A scheduler process, forked from one that has imported everything."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Mapping
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from taskhub import Celery
from taskhub_scheduler import Scheduler

_CONTEXT: Final = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.integration.scheduler.program"])


def make_app(url: str, entries: Mapping[str, Any]) -> Celery:
    """Return an app with these entries, and the task `add`."""
    app = Celery("tests", broker=url, set_as_current=False, task_default_queue="default")
    app.conf.beat_schedule = dict(entries)
    # A machine that is slow for a moment makes no fire time a missed one.
    app.conf.scheduler_grace = 300

    @app.task(name="add")
    def add(x: int, y: int = 0) -> int:
        return x + y

    return app


def run(url: str, entries: Mapping[str, Any], lease: float | None, log: str) -> None:
    """Run a scheduler until it is told to stop."""
    logging.basicConfig(filename=log, level=logging.INFO, format="%(process)d %(message)s")
    scheduler = Scheduler(
        make_app(url, entries), lease=None if lease is None else timedelta(seconds=lease)
    )
    scheduler.handle_signals()
    scheduler.run()


def start(
    url: str, entries: Mapping[str, Any], directory: Path, lease: float | None = None
) -> BaseProcess:
    """Start a scheduler process; its log is in `log_of`."""
    process = _CONTEXT.Process(
        target=run, args=(url, dict(entries), lease, str(log_of(directory))), daemon=True
    )
    process.start()
    return process


def log_of(directory: Path) -> Path:
    """Return where schedulers of a directory log."""
    return directory / "schedulers.log"


def pid_of(holder: str) -> int:
    """Return the process of a scheduler by its name."""
    return int(holder.split(":")[-2])


def stop(processes: list[BaseProcess]) -> None:
    """End processes, whatever they do."""
    for process in processes:
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, signal.SIGCONT)
            process.kill()
        process.join()
