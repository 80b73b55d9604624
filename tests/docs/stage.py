"""Where the blocks of a document are run: a directory that looks like a fresh clone, with a store of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.docs.interpreter import matches
from tests.docs.markdown import ROOT, Block
from tests.support.ports import next_port_block
from tests.support.workers import until

__all__ = ("Stage",)

#: How long a command may take, seconds.
PATIENCE: Final = 45.0
#: How long a command that runs in the background may take to end after Ctrl-C, seconds.
STOP_TIMEOUT: Final = 20.0

_COPIED: Final = (
    "Makefile",
    "pyproject.toml",
    "compat/pyproject.toml",
    "scheduler/pyproject.toml",
    "requirements/dev.txt",
    "requirements/run.txt",
    "examples/tour/tour.py",
)
# With its continuation lines.
_COMMAND: Final = re.compile(r"(?m)^\$ (?P<command>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)")


class Stage:
    """Runs blocks in one directory; ends what they have started.

    Args:
        directory: An empty directory.
        example: The folder in `examples/` whose files are there, instead of those of a clone.
        variables: Further environment variables.
    """

    def __init__(
        self,
        directory: Path,
        *,
        example: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self._exit = ExitStack()
        # By their logs.
        self._started: dict[Path, subprocess.Popen[bytes]] = {}
        self._interpreter: subprocess.Popen[str] | None = None
        #: What the commands that were run to their ends have printed, in order.
        self.outputs: list[str] = []
        if example is None:
            for name in _COPIED:
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, directory / name)
        else:
            # Without what a run in the repository has left there.
            left = shutil.ignore_patterns("__pycache__", "data", "*.sqlite3", "users.txt")
            shutil.copytree(ROOT / "examples" / example, directory, ignore=left, dirs_exist_ok=True)
        (directory / ".venv").mkdir()
        for entry in Path(sys.prefix).iterdir():
            if not entry.name.startswith("."):
                (directory / ".venv" / entry.name).symlink_to(entry)
        for stamp in (".run", ".requirements", ".projects"):
            # Newer than what they are made of: make has nothing to install.
            (directory / ".venv" / stamp).touch()
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TASKHUB_", "CELERY_", "MAKE"))
        }
        self._environment = {
            **kept,
            "PATH": os.pathsep.join((str(directory / ".venv/bin"), os.environ["PATH"])),
            "COLUMNS": "160",
            "PYTHONUNBUFFERED": "1",
            "TASKHUB_WEB_PORT": str(next_port_block()[0]),
            **(variables or {}),
        }
        if example is not None:
            # In the repository it is that of the clone.
            self._environment["TASKHUB_HOME"] = str(directory / ".taskhub")

    def write_files(self, blocks: list[Block]) -> None:
        """Write the files that blocks are; several of one name are parts of it."""
        for block in blocks:
            if block.file is not None:
                path = self.directory / block.file
                path.parent.mkdir(exist_ok=True)
                with path.open("a", encoding="utf-8") as file:
                    file.write(block.code + "\n\n")

    def run(self, block: Block) -> None:
        """Run a block, if it is to be run."""
        if block.mark.not_run is not None or block.file is not None:
            return
        if block.language == "python":
            self.run_python(block.code, block.document, block.line)
        elif block.language == "console":
            self._run_console(block)

    # -- Python

    def run_python(self, code: str, name: str, line: int = 1) -> None:
        """Run Python code in the document's interpreter."""
        if self._interpreter is None:
            self._interpreter = self._start_interpreter()
        process = self._interpreter
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([code, name, line]) + "\n")
        process.stdin.flush()
        reply = process.stdout.readline()
        assert reply, f"{name}:{line}: the interpreter ended"
        failure = json.loads(reply)
        assert failure is None, f"{name}:{line}\n{failure}"

    def _start_interpreter(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("interpreter.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.directory,
            env=self._environment,
            text=True,
        )
        self._exit.callback(_end_interpreter, process)
        return process

    # -- commands

    def _run_console(self, block: Block) -> None:
        found = list(_COMMAND.finditer(block.code))
        assert found, f"{block.place}: no command begins with '$ '"
        for command in found:
            if block.mark.until is not None:
                self.start(command["command"], block.mark.until, block.place)
                continue
            last = command is found[-1]
            expected_code = block.mark.exit_code if last else 0
            self._run_command(command["command"], command["output"], expected_code, block.place)

    def output_of(self, command: str) -> str:
        """Run a command, which has to succeed, and return what it prints."""
        return self._run_to_end(command, 0, "a test")

    def printed(self) -> str:
        """Return what the commands in the background have printed."""
        return "".join(log.read_text("utf-8", "replace") for log in self._started)

    def wait_for_last(self, timeout: float) -> str:
        """Wait until the command that was started last has ended; returns what it printed."""
        log, process = list(self._started.items())[-1]
        assert process.wait(timeout) == 0, log.read_text("utf-8", "replace")
        return log.read_text("utf-8", "replace")

    def _run_to_end(self, command: str, exit_code: int, place: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self.outputs.append(done.stdout)
        told = f"{place}: $ {command}\n{done.stdout}"
        assert done.returncode == exit_code, f"{told}ended with {done.returncode}"
        return done.stdout

    def _run_command(self, command: str, output: str, exit_code: int, place: str) -> None:
        told = self._run_to_end(command, exit_code, place)
        # docs/configuration.md describes this line once for all.
        shown = re.sub(r"(?m)^no broker configured .*\n", "", told)
        if output:
            assert matches(output.strip(), shown.strip()), (
                f"{place}: $ {command}\n{told}expected:\n{output}"
            )

    def start(self, command: str, ready: str, place: str) -> None:
        """Start a command, and go on when it has printed `ready`."""
        log = self.directory / f"command-{len(self._started)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                # Ctrl-C ends them, also where a shell started the tests in its background.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        self._started[log] = process

        def is_ready() -> bool:
            assert process.poll() is None, f"{place}: $ {command}\n{log.read_text()}"
            return ready in log.read_text("utf-8", "replace")

        until(is_ready, f"{place}: $ {command} prints {ready!r}; see {log}", PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._exit:
            _stop(self._started)


def _end_interpreter(process: subprocess.Popen[str]) -> None:
    try:
        process.communicate(timeout=STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _stop(processes: dict[Path, subprocess.Popen[bytes]]) -> None:
    """Press Ctrl-C, and see that they end."""
    for process in processes.values():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
    deadline = time.monotonic() + STOP_TIMEOUT
    late = []
    for log, process in processes.items():
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            late.append(log.read_text("utf-8", "replace"))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert not late, "not ended by Ctrl-C:\n" + "\n".join(late)
