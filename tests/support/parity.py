"""Runs the same cases beside the library and beside Celery, each in a process of its own."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.servers import start_valkey

T = TypeVar("T")

LIBRARIES = ("celery", "taskhub")
REPOSITORY = Path(__file__).resolve().parents[2]
HARNESS = REPOSITORY / "tests" / "parity" / "harness.py"


def oracle_python() -> Path:
    """Return the interpreter that has Celery 5.7."""
    named = os.environ.get("TASKHUB_ORACLE_PYTHON")
    path = Path(named) if named else REPOSITORY / ".venv-oracle" / "bin" / "python"
    if not path.exists():
        pytest.fail(
            f"No Celery to compare with: {path} does not exist. Create the environment "
            ".venv-oracle, or name an interpreter that has celery 5.7 in TASKHUB_ORACLE_PYTHON."
        )
    return path


def environment(library: str, **more: str) -> dict[str, str]:
    """Return the environment of a process that uses `library`: "taskhub" or "celery"."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CELERY_", "TASKHUB_"))
    }
    source = str(REPOSITORY / "src") if library == "taskhub" else ""
    return {**inherited, "PYTHONPATH": source, "PARITY_LIBRARY": library, **more}


def python(library: str) -> Path:
    """Return the interpreter that has `library`."""
    return Path(sys.executable) if library == "taskhub" else oracle_python()


def names(cases: Path) -> list[str]:
    """Return the names of a file's cases: its public functions."""
    return [
        node.name
        for node in ast.parse(cases.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


@cache
def outcomes(cases: Path, library: str) -> dict[str, Any]:
    """Return what each case of a file came to with a library."""
    done = subprocess.run(
        [str(python(library)), str(HARNESS), str(cases)],
        capture_output=True,
        text=True,
        env=environment(library),
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def every(folder: Path) -> list[Any]:
    """Return the parameters of a test over every case of every file in a folder."""
    return [
        pytest.param(cases, name, id=f"{cases.stem}-{name}")
        for cases in sorted(folder.glob("*.py"))
        for name in names(cases)
    ]


@contextmanager
def stores(directory: Path) -> Iterator[dict[str, str]]:
    """Run a server for each library; yields their URLs by library.

    Databases of one server would not do: results are told on channels, which all databases share,
    and the same program has the same task ids with both libraries.
    """
    with start_valkey(directory) as theirs, start_valkey(directory) as ours:
        yield {"celery": theirs.url, "taskhub": ours.url}


def of_both(run: Callable[[str], T]) -> dict[str, T]:
    """Return what a function of the library comes to, by library; both are run at a time."""
    with ThreadPoolExecutor(2) as threads:
        return dict(zip(LIBRARIES, threads.map(run, LIBRARIES), strict=True))


def run_beside_worker(
    library: str,
    folder: Path,
    worker: Sequence[str],
    store: str,
    directory: Path,
    *,
    arguments: Sequence[str] = (),
    timeout: float = 90.0,
    **more: str,
) -> str:
    """Run `client.py` of a folder while a worker of a library runs, and return what it prints.

    Args:
        folder: has `client.py` and the modules that both import; the worker runs there.
        worker: the worker's module and arguments.
        directory: where the worker's log goes.
        arguments: the client's.
        timeout: seconds that the client may take.
        more: environment variables of both; the client has `ROLE=client`, too.
    """
    variables = environment(library, STORE=store, C_FORCE_ROOT="1", **more)
    variables["PYTHONPATH"] = f"{folder}:{variables['PYTHONPATH']}"
    interpreter = str(python(library))
    log = directory / f"{library}.log"
    with log.open("wb") as output:
        started = subprocess.Popen(
            [interpreter, "-m", *worker], cwd=folder, env=variables, stdout=output, stderr=output
        )
        try:
            client = subprocess.run(
                [interpreter, str(folder / "client.py"), *arguments],
                env={**variables, "ROLE": "client"},
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        finally:
            started.terminate()
            started.wait(20)
    assert client.returncode == 0, client.stderr + log.read_text()[-5000:]
    return client.stdout


def outcomes_beside_workers(
    folder: Path,
    commands: Mapping[str, Sequence[str]],
    directory: Path,
    *,
    arguments: Sequence[str] = (),
    timeout: float = 90.0,
) -> dict[str, dict[str, Any]]:
    """Run `client.py` of a folder beside a worker of each library, and return the JSON that it prints, by library.

    Args:
        commands: the worker's module and arguments, by library.
    """
    with stores(directory) as urls:

        def run(library: str) -> dict[str, Any]:
            text = run_beside_worker(
                library,
                folder,
                commands[library],
                urls[library],
                directory,
                arguments=arguments,
                timeout=timeout,
            )
            found: dict[str, Any] = json.loads(text)
            return found

        return of_both(run)
