"""An app on the store in memory, and Dramatiq's worker in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from dramatiq.worker import Worker

from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.rules import EngineRules


@pytest.fixture
def engine() -> MemoryEngine:
    """The store."""
    return MemoryEngine(EngineRules(max_deliveries=2))


@pytest.fixture
def app(engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch) -> Celery:
    """An app on it."""
    from taskhub.app import stores

    monkeypatch.setattr(stores, "make_engine", lambda _conf: engine)
    return Celery(
        "tests",
        broker="memory://",
        set_as_current=False,
        task_default_queue="default",
        task_unknown_grace=0,
    )


@pytest.fixture
def work(app: Celery) -> Iterator[Callable[[], None]]:
    """Return a function that starts a worker."""
    started: list[Worker] = []

    def start() -> None:
        started.append(Worker(app.broker, worker_threads=2, worker_timeout=50))
        started[0].start()

    yield start
    for worker in started:
        worker.stop()
