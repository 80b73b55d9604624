"""The program of this folder, with commands of its own."""

from __future__ import annotations

import os
from typing import Any

from taskhub.control import control_command, inspect_command
from tests.integration.worker.program import app

__all__ = ["app"]


@inspect_command()
def whereabouts(state: Any, **kwargs: Any) -> list[int]:
    """Where am I?"""
    return [os.getpid()]


@control_command(name="twice", args=[("number", int)], signature="<number>")
def double(state: Any, number: int) -> dict[str, Any]:
    """Double a number."""
    return {"ok": [state.app.main, state.hostname, number * 2]}


@inspect_command()
def breaks(state: Any) -> None:
    """Fail."""
    raise LookupError("nothing here")


@inspect_command()
def strange(state: Any) -> Any:
    """Reply what cannot be sent."""
    return {"ok": object()}


@inspect_command()
def looks(state: Any) -> Any:
    """Look for what Celery has and we have not."""
    return state.consumer
