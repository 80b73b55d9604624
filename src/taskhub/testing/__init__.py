"""Tests of programs that have tasks: workers in the same process, on a private store.

    with private_store(app), start_worker(app):
        assert add.delay(1, 2).get(timeout=10) == 3

The same as fixtures, and Celery's: `pytest_plugins = ("taskhub.testing.plugin",)`.
"""

from __future__ import annotations

from taskhub.testing.app import TestApp
from taskhub.testing.store import eager, private_store
from taskhub.testing.worker import InProcessWorker, start_worker

__all__ = ("InProcessWorker", "TestApp", "eager", "private_store", "start_worker")
