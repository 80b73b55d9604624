"""Single calls at a steady rate: the server's time per task, how late tasks begin, how many go."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.errors import NotAvailableError
from benchmarks.rows.row import Metric, Row
from benchmarks.systems.system import System

SECONDS = 10.0
SUSTAINED_SECONDS = 4.0
LOWEST_SUSTAINED = 400
CALLERS = 4
DELAY_THREADS = 8
FIRST_CALLS = 9
LATENESS = {"p50": "median", "p95": "95%", "p99": "99%", "p999": "99.9%"}


def steady(rate: int, workers: str, *, threads: int, callers: int) -> Row:
    """Return the row of a steady rate, with two worker processes of so many threads."""
    name = f"steady_{rate}"

    def measure(bench: Bench, system: System) -> dict[str, float]:
        seconds = SECONDS / 4 if bench.quick else SECONDS
        with bench.workers(system, threads=threads):
            found = bench.call(system, "steady", f"{rate},{seconds},{callers}")
        if not found:
            raise NotAvailableError(f"does not keep up with {rate:,} tasks/s")
        return {f"{name}_{key}": value for key, value in found.items()}

    def metric(key: str, title: str, unit: str) -> Metric:
        title = f"{rate:,}/s, {workers}: {title}"
        return Metric(f"{name}_{key}", title, unit, higher_is_better=False)

    return Row(
        name=name,
        metrics=(
            metric("server_us", "server time per task", "us"),
            *(
                metric(key, f"how late tasks begin, {share}", "ms")
                for key, share in LATENESS.items()
            ),
        ),
        measure=measure,
    )


def measure_sustained(bench: Bench, system: System) -> dict[str, float]:
    """Raise the rate of calls until tasks begin too late."""
    seconds = SUSTAINED_SECONDS / 4 if bench.quick else SUSTAINED_SECONDS
    with bench.workers(system):
        argument = f"{LOWEST_SUSTAINED},{seconds},{CALLERS}"
        found = bench.call(system, "sustained", argument)["per_second"]
    if not found:
        raise NotAvailableError(f"begins tasks too late at {LOWEST_SUSTAINED:,} tasks/s already")
    return {"sustained": found}


def measure_delay_threads(bench: Bench, system: System) -> dict[str, float]:
    """Call in several threads while no worker runs."""
    argument = f"{bench.scaled(system.delay_calls)},{DELAY_THREADS}"
    return {"delay_threads": bench.call(system, "delay_threads", argument)["per_second"]}


def measure_first_call(bench: Bench, system: System) -> dict[str, float]:
    """Make the first call of new processes, many times."""
    return {"first_call": bench.call(system, "first_call", FIRST_CALLS)["median_ms"]}


STEADY = (
    steady(200, "2 processes of 1 thread", threads=1, callers=1),
    steady(300, "2 processes of 8 threads", threads=8, callers=1),
    steady(1_500, "2 processes of 8 threads", threads=8, callers=CALLERS),
)
SUSTAINED = Row(
    name="sustained",
    metrics=(
        Metric(
            "sustained",
            "steady rate of single calls, 99% of tasks begin within 50 ms",
            "tasks/s",
            higher_is_better=True,
        ),
    ),
    measure=measure_sustained,
)
DELAY_FROM_THREADS = Row(
    name="delay_threads",
    metrics=(
        Metric(
            "delay_threads",
            f"`.delay()` in {DELAY_THREADS} threads",
            "calls/s",
            higher_is_better=True,
        ),
    ),
    measure=measure_delay_threads,
)
FIRST_CALL = Row(
    name="first_call",
    metrics=(Metric("first_call", "first `.delay()` of a process", "ms", higher_is_better=False),),
    measure=measure_first_call,
)
