"""Where a run's findings go: a table on the terminal, a Markdown and a JSON file, and a chart."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows import Row
from benchmarks.summary import Findings, Summary, Table, table
from benchmarks.systems import System


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what a run was made."""

    date: datetime.date
    processor: str
    cores: int
    # The kernel's load average over the last minute when the run began: other work beside it.
    load: float
    server: str
    rounds: int
    quick: bool
    # System name -> distribution -> version.
    versions: Mapping[str, Mapping[str, str]]

    def sentences(self) -> list[str]:
        """Return the conditions as Markdown list items."""
        facts = [
            f"{self.processor}, {self.cores} cores, load {self.load:.2f} at the start",
            f"server: {self.server}",
            f"{self.rounds} rounds, systems alternated, medians with lowest and highest run",
        ]
        facts += [
            f"{system}: " + ", ".join(f"{name} {version}" for name, version in found.items())
            for system, found in self.versions.items()
        ]
        if self.quick:
            facts.append("**quick run: small sizes, shows that everything works, not how fast**")
        return [f"- {fact}" for fact in facts]


def processor_name() -> str:
    """Return the processor's model as the operating system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def load_average() -> float:
    """Return the load average over the last minute."""
    return os.getloadavg()[0]


def aligned(found: Table) -> str:
    """Return the table for a terminal, columns aligned, and its notes."""
    widths = [max(len(cell) for cell in column) for column in zip(*found.lines, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in found.lines
    ]
    return "\n".join([*lines, *found.notes])


def markdown(found: Table) -> str:
    """Return the table in Markdown, and its notes as a list."""
    heading, *body = found.lines
    rules = ["---", "---", *("---:" for _ in heading[2:])]
    lines = ["| " + " | ".join(line) + " |" for line in [heading, rules, *body]]
    return "\n".join([*lines, "", *(f"- {note}" for note in found.notes)])


def unused_stem(folder: Path, date: datetime.date) -> Path:
    """Return this run's path without suffix: the date, numbered from the day's second run on."""
    stem, run = folder / date.isoformat(), 1
    while stem.with_name(stem.name + ".json").exists():
        run += 1
        stem = folder / f"{date.isoformat()}-{run}"
    return stem


def write(
    folder: Path,
    conditions: Conditions,
    rows: Sequence[Row],
    systems: Sequence[System],
    findings: Findings,
) -> Path:
    """Write the Markdown and JSON files and return their path without suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = unused_stem(folder, conditions.date)
    found = table(rows, [(system.name, system.title) for system in systems], findings)
    failures = [f"- failed: {failure}" for failure in findings.failures]
    page = [
        f"# Benchmark of {stem.name}",
        "",
        *conditions.sentences(),
        *failures,
        "",
        markdown(found),
        "",
    ]
    stem.with_name(stem.name + ".md").write_text("\n".join(page))
    document = {
        "date": conditions.date.isoformat(),
        "processor": conditions.processor,
        "cores": conditions.cores,
        "load": conditions.load,
        "server": conditions.server,
        "rounds": conditions.rounds,
        "quick": conditions.quick,
        "versions": conditions.versions,
        "samples": {
            metric.key: {
                system.name: samples(findings, metric.key, system.name) for system in systems
            }
            for row in rows
            for metric in row.metrics
        },
        "failures": findings.failures,
    }
    stem.with_name(stem.name + ".json").write_text(json.dumps(document, indent=2) + "\n")
    return stem


def samples(findings: Findings, metric: str, system: str) -> list[float] | str:
    """Return every run's figure, or the words that stand for it."""
    cell = findings.cell(metric, system)
    return list(cell.samples) if isinstance(cell, Summary) else cell
