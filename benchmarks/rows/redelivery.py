"""How long after `kill -9` of its worker process a task starts again, on an idle system."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.errors import BenchmarkError, NotAvailableError
from benchmarks.processes import executable_output, running
from benchmarks.rows.row import Metric, Row
from benchmarks.systems.system import System

START_TIMEOUT, REDELIVERY_TIMEOUT = 30.0, 60.0  # seconds
WORKER = ("-m", "taskhub", "worker", "-A", "celery_program", "-c", "2", "--threads", "8")
HAS_WORKER = "import importlib.util as u; print(u.find_spec('taskhub.__main__') is not None)"


def starts(journal: Path, number: int, timeout: float) -> tuple[int, float]:
    """Wait for the task's start of that number; return process id and monotonic time."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        lines = journal.read_text().splitlines() if journal.exists() else []
        if len(lines) >= number:
            process, started = lines[number - 1].split()
            return int(process), float(started)
        time.sleep(0.005)
    raise BenchmarkError(
        f"redelivery: start {number} of the task did not come within {timeout:.0f} s"
    )


def measure(bench: Bench, system: System) -> dict[str, float]:
    """Kill the process that runs a task and time the task's second start."""
    environment = system.environment(bench.server.url)
    if executable_output([system.python, "-c", HAS_WORKER], environment).strip() != "True":
        raise NotAvailableError("there is no `taskhub worker` yet")
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-journal-") as folder,
        running("taskhub worker", [system.python, *WORKER], environment),
    ):
        journal = Path(folder) / "starts"
        bench.call(system, "hold", str(journal))
        process, _ = starts(journal, 1, START_TIMEOUT)
        killed = time.monotonic()
        os.kill(process, signal.SIGKILL)
        _, again = starts(journal, 2, REDELIVERY_TIMEOUT)
    return {"redelivery": again - killed}


REDELIVERY = Row(
    name="redelivery",
    metrics=(
        Metric(
            "redelivery",
            "task starts again after `kill -9` of its worker",
            "s",
            higher_is_better=False,
        ),
    ),
    measure=measure,
    systems=frozenset({"taskhub"}),
)
