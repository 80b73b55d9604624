"""Tests of programs that have tasks: workers in the same process, on a private store.

    with private_store(app), start_worker(app):
        assert add.delay(1, 2).get(timeout=10) == 3

pytest finds the same as fixtures by itself: see `taskhub.testing.plugin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.lazy_names import lazy_names

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

# pytest imports this package in every project: what a worker needs is imported on demand.
__getattr__ = lazy_names(
    __name__,
    {
        "InProcessWorker": ".worker",
        "RecordedCall": ".calls",
        "RecordedCalls": ".calls",
        "TestApp": ".app",
        "eager": ".store",
        "private_store": ".store",
        "record_calls": ".calls",
        "start_worker": ".worker",
    },
)
