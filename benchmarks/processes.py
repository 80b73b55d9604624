"""Child processes that never outlive the benchmark: each is killed with its process group."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.errors import BenchmarkError

GRACE = 3.0  # seconds between asking a process to end and killing its group


class Process:
    """A running child with its process group.

    What it writes to standard error goes to a file that is quoted if it fails; its standard
    output, too, unless `answers` is true: then it is read by `line` and `finish`.
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, answers: bool
    ) -> None:
        self.name = name
        self.log = tempfile.TemporaryFile(prefix="benchmark-")  # noqa: SIM115 - closed in stop()
        try:
            self.child = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if answers else self.log,
                stderr=self.log,
                start_new_session=True,
                text=True,
            )
        except OSError as error:
            self.log.close()
            raise BenchmarkError(f"{name}: can't start {command[0]}: {error.strerror}") from error

    def line(self) -> str:
        """Return the next line of standard output, "" if the process has closed it."""
        assert self.child.stdout is not None
        return self.child.stdout.readline().strip()

    def check_alive(self) -> None:
        """Raise BenchmarkError with the end of the process's output if it has ended."""
        if self.child.poll() is not None:
            raise self.failure(f"ended with exit code {self.child.returncode}")

    def finish(self, timeout: float) -> str:
        """Close standard input, wait for the end and return the last line printed."""
        try:
            output, _ = self.child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise self.failure(f"did not end within {timeout:.0f} s") from None
        if self.child.returncode:
            raise self.failure(f"ended with exit code {self.child.returncode}")
        lines = output.strip().splitlines()
        return lines[-1] if lines else ""

    def failure(self, what: str) -> BenchmarkError:
        """Return an error that quotes the last line the process wrote to standard error."""
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").strip().splitlines()
        return BenchmarkError(f"{self.name}: {what}: {lines[-1] if lines else '(no output)'}")

    def stop(self) -> None:
        """End the process and everything in its group; harmless if it has ended."""
        try:
            self.child.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.child.wait(GRACE)
        finally:  # a second Ctrl-C must not leave anything behind either
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self.log.close()


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    answers: bool = False,
) -> Iterator[Process]:
    """Run a child for the length of the block."""
    process = Process(name, command, environment or {}, answers=answers)
    try:
        yield process
    finally:
        process.stop()


def executable_output(command: Sequence[str | Path], environment: Mapping[str, str]) -> str:
    """Return what a short command prints; raises OSError or subprocess.CalledProcessError."""
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return done.stdout
