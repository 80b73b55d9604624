"""Whether a task costs more when many wait: the rate at a constant length of the queue."""

from __future__ import annotations

from benchmarks.bench import CLIENT_TIMEOUT, Bench, figures
from benchmarks.errors import BenchmarkError
from benchmarks.rows.row import Metric, Row, Share
from benchmarks.rows.window import RUN_IN, tasks_per_second
from benchmarks.systems.system import System

SHORT, LONG = 1_000, 1_000_000
WINDOW = 8.0  # seconds
LEAST = 0.25  # share of the tasks that must nearly always wait
UNLIMITED = 1 << 62


def rate_with(bench: Bench, system: System, waiting: int) -> float:
    """Return the rate over some seconds with about `waiting` tasks in the queue all the time."""
    store = bench.server.client
    store.flushall()
    with bench.client(system, "feed", waiting) as feeder:
        if feeder.line() != "filled":
            feeder.finish(CLIENT_TIMEOUT)
        keys_before = store.dbsize()
        with bench.workers(system) as workers:
            rate = tasks_per_second(
                store,
                workers,
                keys_before=keys_before,
                opens_at=1_000,
                closes_at=UNLIMITED,
                longest=bench.scaled(int(WINDOW / RUN_IN)) * RUN_IN,
            )
            if figures(feeder)["waiting"] < waiting * LEAST:
                raise BenchmarkError(f"{feeder.name}: can't keep {waiting:,} tasks waiting")
            return rate


def measure(bench: Bench, system: System) -> dict[str, float]:
    """Measure the short and the long queue, one right after the other."""
    return {
        "backlog_short": rate_with(bench, system, SHORT),
        "backlog_long": rate_with(bench, system, bench.scaled(LONG)),
    }


BACKLOG = Row(
    name="backlog",
    metrics=(
        Metric(
            "backlog_short", f"no-op tasks with {SHORT:,} waiting", "tasks/s", higher_is_better=True
        ),
        Metric(
            "backlog_long", f"no-op tasks with {LONG:,} waiting", "tasks/s", higher_is_better=True
        ),
    ),
    measure=measure,
    systems=frozenset({"taskhub"}),
    otherwise="not measured: filling takes minutes",
    shares=(
        Share(
            f"rate with {LONG:,} waiting, of that with {SHORT:,}",
            part="backlog_long",
            whole="backlog_short",
        ),
    ),
)
