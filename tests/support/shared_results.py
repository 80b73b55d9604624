"""Results of a long preparation that all processes of one test run share."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def shared_json(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], dict[str, Any]]
) -> dict[str, Any]:
    """Return what `make` returned in the first process that asked; others wait for it.

    Args:
        factory: Makes the folder that `make` gets.
        name: Tells it from others.
        make: Returns what JSON can hold.
    """
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    kept = folder / f"{name}.json"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(make(factory.mktemp(name))))
        found: dict[str, Any] = json.loads(kept.read_text())
    return found
