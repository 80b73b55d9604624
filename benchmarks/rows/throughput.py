"""No-op tasks processed per second, from a queue that was filled before the workers start."""

from __future__ import annotations

import itertools
import time
from contextlib import ExitStack

from benchmarks.bench import Bench, figures
from benchmarks.errors import BenchmarkError
from benchmarks.rows.row import Metric, Row
from benchmarks.rows.window import OWN_KEYS, tasks_per_second
from benchmarks.systems.system import System

FILLERS = 2  # clients that fill the queue at once; filling is not measured
SETTLE = 5.0  # seconds in which the last results must appear


def work_off(bench: Bench, system: System, size: int, url: str | None = None) -> float:
    """Fill the queue, start the workers, and return the rate between 5% of the tasks and their end.

    A run that reaches the end must have stored exactly one result per task.
    """
    fill(bench, system, size)
    store = bench.server.client
    keys_before = store.dbsize()
    with bench.workers(system, url) as workers:
        rate = tasks_per_second(
            store, workers, keys_before=keys_before, opens_at=size // 20, closes_at=size - OWN_KEYS
        )
        if store.dbsize() - keys_before >= size - OWN_KEYS:
            check_results(bench, system, size)
    return rate


def fill(bench: Bench, system: System, size: int) -> None:
    """Enqueue `size` no-ops with several clients at once."""
    with ExitStack() as stack:
        shares = [size // FILLERS] * (FILLERS - 1) + [size - size // FILLERS * (FILLERS - 1)]
        for process in [
            stack.enter_context(bench.client(system, "fill", share)) for share in shares
        ]:
            figures(process)


def check_results(bench: Bench, system: System, size: int) -> None:
    """Raise BenchmarkError unless there is a result for each task; waits for the last of them."""
    deadline = time.monotonic() + SETTLE
    while True:
        found = bench.server.client.scan_iter(match=system.result_keys, count=10_000)
        stored = sum(1 for _ in itertools.islice(found, size))
        if stored == size:
            return
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{system.name}: {stored} results of {size} tasks")


def measure(bench: Bench, system: System) -> dict[str, float]:
    """Work off the system's share of no-ops once."""
    return {"throughput": work_off(bench, system, bench.scaled(system.throughput_tasks))}


THROUGHPUT = Row(
    name="throughput",
    metrics=(Metric("throughput", "no-op tasks processed", "tasks/s", higher_is_better=True),),
    measure=measure,
)
