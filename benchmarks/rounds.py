"""The order of the runs: every system once a round, so that disturbances hit all alike."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks.bench import Bench
from benchmarks.errors import BenchmarkError, NotAvailableError
from benchmarks.rows import Row
from benchmarks.summary import Findings, number
from benchmarks.systems import System


def run(bench: Bench, rows: Sequence[Row], systems: Sequence[System], rounds: int) -> Findings:
    """Measure every row on every system `rounds` times; what fails is noted and not tried again."""
    findings = Findings()
    for row in rows:
        remaining = [system for system in systems if applies(row, system, findings)]
        for turn in range(1, rounds + 1):
            for system in list(remaining):
                if not measure(
                    bench, row, system, f"{row.name} {turn}/{rounds} {system.name}", findings
                ):
                    remaining.remove(system)
    return findings


def applies(row: Row, system: System, findings: Findings) -> bool:
    """Tell whether a row is measured on a system; if not, note why."""
    if row.systems is None or system.name in row.systems:
        return True
    findings.remark(system.name, row, system.quoted.get(row.name, row.otherwise))
    return False


def measure(bench: Bench, row: Row, system: System, label: str, findings: Findings) -> bool:
    """Make one run on an emptied server; return False if there is no point in another."""
    print(f"{label} ... ", end="", file=sys.stderr, flush=True)
    bench.server.client.flushall()
    try:
        figures = row.measure(bench, system)
    except NotAvailableError as reason:
        findings.remark(system.name, row, f"not available: {reason}")
        print(f"not available: {reason}", file=sys.stderr)
        return False
    except BenchmarkError as error:
        findings.remark(system.name, row, "failed")
        findings.failures.append(f"{label}: {error}")
        print(f"failed: {error}", file=sys.stderr)
        return False
    findings.add(system.name, figures)
    print(", ".join(f"{key} {number(value)}" for key, value in figures.items()), file=sys.stderr)
    return True
