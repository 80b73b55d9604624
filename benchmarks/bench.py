"""What rows measure with: the server, and clients and workers of each system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.errors import NotAvailableError
from benchmarks.processes import Process, running
from benchmarks.server import Server
from benchmarks.systems.system import THREADS, System

CLIENT_TIMEOUT = 900.0  # seconds


@dataclass(frozen=True, slots=True)
class Bench:
    """The bench that a row works at."""

    server: Server
    # Rows divide what they do by four: a look at whether all works, not a measurement.
    quick: bool

    def scaled(self, size: int) -> int:
        """Return the size of a run, a quarter of it when quick."""
        return size // 4 if self.quick else size

    @contextmanager
    def workers(
        self, system: System, url: str | None = None, *, threads: int = THREADS
    ) -> Iterator[Process]:
        """Run the system's workers, by default connected straight to the server."""
        environment = system.environment(url or self.server.url)
        with running(
            f"{system.name} workers", system.worker_command(threads), environment
        ) as process:
            yield process

    @contextmanager
    def client(self, system: System, operation: str, argument: int | str) -> Iterator[Process]:
        """Run an operation of `programs/client.py` in the system's environment."""
        command, environment = (
            system.client_command(operation, str(argument)),
            system.environment(self.server.url),
        )
        with running(f"{system.name} {operation}", command, environment, answers=True) as process:
            yield process

    def call(self, system: System, operation: str, argument: int | str) -> dict[str, float]:
        """Return an operation's figures; raises NotAvailableError, BenchmarkError."""
        with self.client(system, operation, argument) as process:
            return figures(process)


def figures(process: Process) -> dict[str, float]:
    """Wait for a client's end and return what it measured."""
    answer: dict[str, float | str] = json.loads(process.finish(CLIENT_TIMEOUT))
    reason = answer.get("not_available")
    if reason is not None:
        raise NotAvailableError(str(reason))
    return {key: float(value) for key, value in answer.items()}
