"""What the harness knows of a system: its interpreter, its program, how its workers start."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.processes import executable_output

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAMS = REPOSITORY / "benchmarks" / "programs"
DRAMATIQ_WORKERS = ("-m", "dramatiq", "{program}", "--processes", "2", "--threads", "{threads}")
THREADS = 8

VERSIONS = """
import importlib.metadata as metadata, json, sys
found = {"python": sys.version.split()[0]}
for name in %r:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        found[name] = "absent"
exec(%r)
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One system under measurement."""

    # Short name, as given to --systems; also the package that is measured.
    name: str
    # Title in the report's table.
    title: str
    # Module under `programs/` that speaks the system's API.
    program: str
    # Environment variable that names its interpreter, and where that is otherwise.
    python_variable: str
    python_default: str
    # How to make the environment, told when it is missing.
    remedy: str
    # Arguments after the interpreter that start the workers; `{program}`, `{threads}` are replaced.
    workers: tuple[str, ...]
    # Keys that hold results, for counting them exactly.
    result_keys: str
    # No-ops enqueued for one throughput run: 5 to 10 seconds of work on two cores.
    throughput_tasks: int
    # Calls for one run of the delay row, about 2 seconds.
    delay_calls: int
    # Statement that succeeds where the system is installed.
    proof: str
    # Distributions whose versions the report names.
    distributions: tuple[str, ...]
    # Rows that are not measured but quoted: row -> what the documentation says.
    quoted: Mapping[str, str] = field(default_factory=dict)

    @property
    def python(self) -> str:
        """The interpreter of the system's environment."""
        return os.environ.get(self.python_variable) or self.python_default

    def environment(self, url: str) -> dict[str, str]:
        """Variables for its clients and workers."""
        folders = (
            [str(PROGRAMS), str(REPOSITORY / "src")] if self.name == "taskhub" else [str(PROGRAMS)]
        )
        return {
            "BENCHMARK_URL": url,
            "BENCHMARK_LIBRARY": self.name,
            "BENCHMARK_PROGRAM": self.program,
            "PYTHONPATH": os.pathsep.join(folders),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def worker_command(self, threads: int = THREADS) -> list[str]:
        """The command that starts its workers, with so many threads each if they have threads."""
        words = {"program": self.program, "threads": threads}
        return [self.python, *(part.format_map(words) for part in self.workers)]

    def client_command(self, operation: str, argument: str) -> list[str]:
        """The command that performs one operation of `programs/client.py`."""
        return [self.python, str(PROGRAMS / "client.py"), operation, argument]

    def versions(self) -> dict[str, str]:
        """Return the versions installed; raises BenchmarkError if they are missing."""
        script = VERSIONS % (self.distributions, self.proof)
        try:
            found: dict[str, str] = json.loads(
                executable_output([self.python, "-c", script], self.environment(""))
            )
        except OSError as error:
            raise BenchmarkError(
                f"{self.name}: no Python at {self.python}: {self.remedy}"
            ) from error
        except subprocess.CalledProcessError as error:
            reason = error.stderr.strip().splitlines()[-1]
            raise BenchmarkError(
                f"{self.name}: {self.python} lacks it ({reason}): {self.remedy}"
            ) from error
        return found
