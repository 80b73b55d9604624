"""Workers in the process of a test."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from dramatiq.worker import Worker

from taskhub import Celery


@contextmanager
def working(app: Celery, threads: int = 1) -> Generator[None]:
    """Run a worker of an app for the length of a block, and close the app's connections after it."""
    worker = Worker(app.broker, worker_threads=threads, worker_timeout=100)
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        app.broker.close()
        app.close()
