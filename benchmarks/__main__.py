"""The command line: `python -m benchmarks [--rows ...] [--rounds 3] [--systems ...] [--quick]`."""

from __future__ import annotations

import argparse
import datetime
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType

from benchmarks import chart, report, rounds, server
from benchmarks.bench import Bench
from benchmarks.errors import BenchmarkError
from benchmarks.rows import ROWS, Row
from benchmarks.summary import table
from benchmarks.systems import SYSTEMS

CORES = 2
RESULTS = Path(__file__).parent / "results"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure taskhub beside Celery and Dramatiq on one server.",
    )
    parser.add_argument("--rows", help=f"some of: {','.join(ROWS)} (default: all)")
    parser.add_argument("--systems", help=f"some of: {','.join(SYSTEMS)} (default: all)")
    parser.add_argument(
        "--rounds", type=int, help="runs of each row on each system (default: 3, quick: 1)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes: shows that all works, not how fast"
    )
    parser.add_argument(
        "--server", metavar="PROGRAM", help="redis-server or valkey-server to measure on"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="folder for the report (default: benchmarks/results; quick: none)",
    )
    return parser.parse_args(arguments)


def chosen(option: str, names: str | None, known: Iterable[str]) -> list[str]:
    """Return the chosen names in the order of the known; raises BenchmarkError for others."""
    known = list(known)
    wanted = known if names is None else names.split(",")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise BenchmarkError(
            f"{option}: unknown {', '.join(unknown)!r}; known are {', '.join(known)}"
        )
    return [name for name in known if name in wanted]


def with_needs(names: list[str]) -> list[Row]:
    """Return the rows with those that their shares refer to."""
    needed = {need for name in names for need in ROWS[name].needs}
    return [row for row in ROWS.values() if row.name in names or row.name in needed]


def limit_cores() -> int:
    """Keep this process and all that it starts on two cores, where that can be; return how many."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, cores)
    return len(cores)


def terminate(_signal: int, _frame: FrameType | None) -> None:
    """Leave as on Ctrl-C, so that child processes are ended."""
    raise KeyboardInterrupt


def benchmark(options: argparse.Namespace) -> int:
    """Run what the options ask for and return the exit code: 1 if a run failed."""
    rows = with_needs(chosen("--rows", options.rows, ROWS))
    systems = [SYSTEMS[name] for name in chosen("--systems", options.systems, SYSTEMS)]
    count = options.rounds or (1 if options.quick else 3)
    if count < 1:
        raise BenchmarkError("--rounds: at least 1")
    versions = {system.name: system.versions() for system in systems}
    load, cores = report.load_average(), limit_cores()
    with server.started(options.server) as store:
        findings = rounds.run(Bench(store, options.quick), rows, systems, count)
    conditions = report.Conditions(
        date=datetime.date.today(),
        processor=report.processor_name(),
        cores=cores,
        load=load,
        server=store.version,
        rounds=count,
        quick=options.quick,
        versions=versions,
    )
    print(
        report.aligned(table(rows, [(system.name, system.title) for system in systems], findings))
    )
    folder = options.output or (None if options.quick else RESULTS)
    if folder is not None:
        stem = report.write(folder, conditions, rows, systems, findings)
        drawn = chart.draw(stem.with_name(stem.name + ".png"), rows, systems, findings)
        print(
            f"written: {stem}.md, .json"
            + (", .png" if drawn else " (no chart: matplotlib is not installed)")
        )
    return 1 if findings.failures else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; errors take one line."""
    signal.signal(signal.SIGTERM, terminate)
    try:
        return benchmark(parse(arguments))
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("benchmarks: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
