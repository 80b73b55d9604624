"""Programs that a release runs; what they print is shown only if they fail."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scripts.release.steps import Refused

#: Of the output of a program that failed, the end says why.
_LINES = 12


def run(*command: str | Path, directory: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it prints.

    Args:
        command: The program and its arguments.
        directory: Where it runs.
        environment: Variables beside those of this process.

    Raises:
        Refused: It ended with an error, or is not there.
    """
    try:
        finished = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise Refused(f"{command[0]}: {error.strerror}") from error
    if finished.returncode:
        said = (finished.stdout + finished.stderr).strip().splitlines()[-_LINES:]
        shown = " ".join(str(part) for part in command[:4])
        raise Refused("\n".join((f"{shown} ... ended with {finished.returncode}:", *said)))
    return finished.stdout
