"""Celery's pools as processes and threads."""

from __future__ import annotations

from typing import NamedTuple

PROCESSES = 2
THREADS = 8
#: As Celery's `--pool`; `processes` is another name for prefork, as in Celery.
POOLS = ("prefork", "processes", "threads", "gevent", "eventlet", "solo")


class Shape(NamedTuple):
    """How many processes, and how many threads in each; None: as the app's settings say."""

    processes: int
    threads: int | None


def shape(pool: str | None, concurrency: int | None, threads: int | None) -> Shape:
    """Return what `-P`, `-c` and `-t` mean together."""
    if pool == "solo":
        return Shape(1, 1)
    if pool in ("prefork", "processes"):
        return Shape(concurrency or PROCESSES, threads or 1)
    if pool is not None:
        return Shape(1, threads or concurrency or THREADS)
    return Shape(concurrency or PROCESSES, threads)
