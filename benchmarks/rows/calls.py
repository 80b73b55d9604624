"""Rows that a client measures by itself: calls with no workers, or with idle ones."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.rows.row import Metric, Row
from benchmarks.systems.system import System

BULK_SIZE = 10_000
ROUND_TRIPS = 64
CHAIN_SIZE = 100
GROUP_SIZE = 1_000
STARTS = 20


def measure_delay(bench: Bench, system: System) -> dict[str, float]:
    """Call in one thread while no worker runs."""
    return {"delay": bench.call(system, "delay", bench.scaled(system.delay_calls))["per_second"]}


def measure_bulk(bench: Bench, system: System) -> dict[str, float]:
    """Enqueue one large group while no worker runs."""
    return {"bulk": bench.call(system, "bulk", bench.scaled(BULK_SIZE))["per_second"]}


def measure_engine(bench: Bench, system: System) -> dict[str, float]:
    """Hand many messages to the engine at once while no worker runs."""
    return {"engine": bench.call(system, "engine", bench.scaled(BULK_SIZE))["per_second"]}


def measure_round_trip(bench: Bench, system: System) -> dict[str, float]:
    """Call and wait, one at a time, with idle workers."""
    with bench.workers(system):
        found = bench.call(system, "roundtrip", bench.scaled(ROUND_TRIPS))
    return {"roundtrip": found["median_ms"], "roundtrip_p95": found["p95_ms"]}


def measure_start(bench: Bench, system: System) -> dict[str, float]:
    """Start a process that declares its tasks and sends nothing, many times."""
    return {"start": bench.call(system, "start", STARTS)["median_ms"]}


def measure_large_chord(bench: Bench, system: System) -> dict[str, float]:
    """Run one large chord, with idle workers."""
    with bench.workers(system):
        found = bench.call(system, "large_chord", bench.scaled(BULK_SIZE))
    return {"large_chord": found["seconds"], "large_chord_body": found["body_ms"]}


def composition(name: str, title: str, size: int) -> Row:
    """Return the row of a chain, a group or a chord of that size."""

    def measure(bench: Bench, system: System) -> dict[str, float]:
        with bench.workers(system):
            return {name: bench.call(system, name, size)["seconds"]}

    return Row(
        name=name,
        metrics=(Metric(name, f"{title} with .get()", "s", higher_is_better=False),),
        measure=measure,
    )


DELAY = Row(
    name="delay",
    metrics=(Metric("delay", "`.delay()` in one thread", "calls/s", higher_is_better=True),),
    measure=measure_delay,
)
BULK = Row(
    name="bulk",
    metrics=(
        Metric("bulk", f"enqueue a group of {BULK_SIZE:,}", "tasks/s", higher_is_better=True),
    ),
    measure=measure_bulk,
)
ENGINE = Row(
    name="engine",
    metrics=(
        Metric(
            "engine",
            f"enqueue {BULK_SIZE:,} through the engine's port",
            "tasks/s",
            higher_is_better=True,
        ),
    ),
    measure=measure_engine,
    systems=frozenset({"taskhub"}),
    otherwise="has no call for many at once",
)
ROUNDTRIP = Row(
    name="roundtrip",
    metrics=(
        Metric("roundtrip", "idle `.delay().get()`, median", "ms", higher_is_better=False),
        Metric(
            "roundtrip_p95", "idle `.delay().get()`, 95th percentile", "ms", higher_is_better=False
        ),
    ),
    measure=measure_round_trip,
)
START = Row(
    name="start",
    metrics=(
        Metric("start", "processor time to start and declare tasks", "ms", higher_is_better=False),
    ),
    measure=measure_start,
)
CHAIN = composition("chain", f"chain of {CHAIN_SIZE}", CHAIN_SIZE)
GROUP = composition("group", f"group of {GROUP_SIZE:,}", GROUP_SIZE)
CHORD = composition("chord", f"chord of {GROUP_SIZE:,}", GROUP_SIZE)
LARGE_CHORD = Row(
    name="large_chord",
    metrics=(
        Metric("large_chord", f"chord of {BULK_SIZE:,} with .get()", "s", higher_is_better=False),
        Metric(
            "large_chord_body",
            f"chord of {BULK_SIZE:,}: from the end of its last part to its body",
            "ms",
            higher_is_better=False,
        ),
    ),
    measure=measure_large_chord,
)
