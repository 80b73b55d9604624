"""Concurrency of a worker: how many processes and threads it has, by its options and settings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from taskhub.worker.supervisor.cpu_count import available_cpus, cpu_budget

PROCESSES = 2
THREADS = 8
#: As Celery's `--pool`; `processes` is another name for prefork, as in Celery.
POOLS = ("prefork", "processes", "threads", "gevent", "eventlet", "solo")
#: One process with a thread for each task at a time.
THREAD_POOLS = ("threads", "gevent", "eventlet")
AUTO = "auto"

#: Celery's classes by the last part of their modules' names, as the setting `worker_pool` may name
#: them.
_BY_MODULE = {"thread": "threads", "prefork": "prefork", "processes": "prefork", "solo": "solo"}


class Concurrency(NamedTuple):
    """How many processes a worker has, and how many threads each of them."""

    processes: int
    threads: int
    #: Whether the number of processes follows the backlog.
    by_backlog: bool = False


@dataclass(frozen=True, kw_only=True)
class ConcurrencyOptions:
    """What the options of a command line say; None: nothing."""

    #: `-P`.
    pool: str | None = None
    #: `-c`: tasks at a time, or "auto"; with `threads`: processes.
    concurrency: int | str | None = None
    #: `-p`: processes with several threads each.
    processes: int | None = None
    #: `-t`: threads in each process.
    threads: int | None = None
    #: The bounds of `--autoscale`.
    most: int | None = None
    least: int | None = None
    #: Whether a worker of which no number is known is as large as Celery's.
    as_celery: bool = False

    @property
    def initial_processes(self) -> int:
        """How many processes to start before the app's settings are known."""
        if self.pool == "solo" or self.pool in THREAD_POOLS:
            return self.processes or 1
        if self.most is None and not self.threads and not self.processes and not self.concurrency:
            return 1
        return decide_concurrency(self).processes


def decide_concurrency(
    options: ConcurrencyOptions, *, pool: str | None = None, concurrency: Any = None
) -> Concurrency:
    """Return how many processes and threads a worker has.

    Options go before settings. A number of tasks at a time is as many processes with one thread
    each, unless a pool of threads is chosen; `-p` and `-t` are processes with several threads.

    Args:
        options: What the command line says.
        pool: The setting `worker_pool`; None where it is not set.
        concurrency: The setting `worker_concurrency`.

    Raises:
        ValueError: `concurrency` is no number.
    """
    chosen = options.pool
    if chosen in (None, "prefork", "processes") and pool:
        # As in Celery, where prefork is what `-P` says unless it is given.
        chosen = pool_named(pool)
    if chosen == "solo":
        return Concurrency(1, 1)
    number = _number(options.concurrency, chosen) or _number(concurrency, chosen)
    if options.most is not None and options.least is not None:
        return _autoscaled(options, options.most, options.least, chosen)
    if chosen in THREAD_POOLS:
        threads = options.threads or number or available_cpus()
        return Concurrency(options.processes or 1, threads)
    return _prefork(options, number, chosen)


def _autoscaled(
    options: ConcurrencyOptions, most: int, least: int, pool: str | None
) -> Concurrency:
    if pool in THREAD_POOLS:
        return Concurrency(1, most)
    wanted = _number(options.concurrency, pool) or least
    return Concurrency(max(least, min(most, wanted)), options.threads or 1, by_backlog=True)


def _prefork(options: ConcurrencyOptions, number: int | None, pool: str | None) -> Concurrency:
    if options.threads:
        processes = options.processes or _number(options.concurrency, pool)
        return Concurrency(processes or PROCESSES, options.threads)
    if options.processes:
        threads = math.ceil(number / options.processes) if number else THREADS
        return Concurrency(options.processes, threads)
    if number:
        return Concurrency(number, 1)
    if pool is not None or options.as_celery:
        return Concurrency(available_cpus(), 1)
    return Concurrency(PROCESSES, THREADS)


def pool_named(name: Any) -> str:
    """Return the pool that the setting `worker_pool` names; prefork where it is unknown.

    Args:
        name: The name of a pool, or the path of a class.
    """
    text = str(name).strip()
    if text in POOLS:
        return text
    module = text.partition(":")[0]
    last = (
        module.rpartition(".")[2] if ":" in text else module.rpartition(".")[0].rpartition(".")[2]
    )
    return _BY_MODULE.get(last, last if last in POOLS else "prefork")


def parse_concurrency(value: Any) -> int | str | None:
    """Read `-c` or the setting `worker_concurrency`.

    Returns:
        A number, "auto", or None for "", 0 and None.

    Raises:
        ValueError: It is something else.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and value.strip().lower() == AUTO:
        return AUTO
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise ValueError(f"{value!r} is no number of tasks at a time: give one from 1 on, or auto")
    return number or None


def _number(value: Any, pool: str | None) -> int | None:
    found = parse_concurrency(value)
    if isinstance(found, str):
        # A limit on the processors' time matters to what computes; threads mostly wait.
        return available_cpus() if pool in THREAD_POOLS else cpu_budget()
    return found
