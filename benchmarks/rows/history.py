"""What the history costs the server for each task: its time of a commit with and without it."""

from __future__ import annotations

import json

from benchmarks.bench import Bench
from benchmarks.processes import running
from benchmarks.rows.row import Metric, Row
from benchmarks.systems.system import REPOSITORY, System

TIMEOUT = 600.0  # seconds


def measure(bench: Bench, system: System) -> dict[str, float]:
    """Commit tasks in batches of 200: without the history, with it, and with it turned off."""
    command = [
        *(system.python, "-m", "benchmarks.commit_cost", "--url", bench.server.url),
        *("--cases", "history", "--json"),
        *(["--rounds", "1"] if bench.quick else []),
    ]
    environment = system.environment(bench.server.url)
    environment["PYTHONPATH"] += f":{REPOSITORY}"
    with running("history", command, environment, answers=True) as process:
        costs: dict[str, float] = json.loads(process.finish(TIMEOUT))
    return {
        "history_none": costs["plain, batches of 200"],
        "history_off": costs["history turned off, batches of 200"],
        "history_on": costs["with history, batches of 200"],
        "history": costs["with history, batches of 200"] - costs["plain, batches of 200"],
    }


HISTORY = Row(
    name="history",
    metrics=(
        Metric(
            "history_none",
            "server time of a commit per task, batches of 200",
            "us",
            higher_is_better=False,
        ),
        Metric("history_off", "the same, history turned off", "us", higher_is_better=False),
        Metric("history_on", "the same, with history", "us", higher_is_better=False),
        Metric("history", "server time of the history per task", "us", higher_is_better=False),
    ),
    measure=measure,
    systems=frozenset({"taskhub"}),
    otherwise="keeps no history",
)
