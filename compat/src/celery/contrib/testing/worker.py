"""Workers in the process of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.testing.worker import (
    WORKER_LOGLEVEL,
    setup_app_for_worker,
    start_worker,
    test_worker_started,
    test_worker_starting,
    test_worker_stopped,
)
from taskhub.testing.worker import InProcessWorker as TestWorkController

__all__ = (
    "WORKER_LOGLEVEL",
    "TestWorkController",
    "setup_app_for_worker",
    "start_worker",
    "test_worker_started",
    "test_worker_starting",
    "test_worker_stopped",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
