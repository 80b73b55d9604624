"""Tests of programs that have tasks: workers in the same process, on a private store.

    with private_store(app), start_worker(app):
        assert add.delay(1, 2).get(timeout=10) == 3

pytest finds the same as fixtures by itself: see `taskhub.testing.plugin`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhub.testing.app import TestApp
    from taskhub.testing.calls import RecordedCall, RecordedCalls, record_calls
    from taskhub.testing.store import eager, private_store
    from taskhub.testing.worker import InProcessWorker, start_worker

__all__ = (
    "InProcessWorker",
    "RecordedCall",
    "RecordedCalls",
    "TestApp",
    "eager",
    "private_store",
    "record_calls",
    "start_worker",
)

_PLACES = {
    "InProcessWorker": "worker",
    "RecordedCall": "calls",
    "RecordedCalls": "calls",
    "TestApp": "app",
    "eager": "store",
    "private_store": "store",
    "record_calls": "calls",
    "start_worker": "worker",
}


def __getattr__(name: str) -> Any:
    # pytest imports this package in every project: what a worker needs is imported on demand.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = found
    return found
