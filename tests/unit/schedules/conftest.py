"""An app whose periodic jobs are in memory, and a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.rules import EngineRules

#: A Saturday, shortly before the hour.
BEGIN = datetime(2026, 5, 2, 11, 59, 30, tzinfo=UTC)


class Clock:
    """The store's clock."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> int:
        return round(self.now.timestamp() * 1000)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """The clock of the store in memory."""
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> MemoryEngine:
    """The store."""
    return MemoryEngine(EngineRules(), clock=clock)


@pytest.fixture
def app(engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """An app on it, with the task `add`."""
    from taskhub.app import stores

    monkeypatch.setattr(stores, "make_engine", lambda _conf: engine)
    made = Celery("tests", broker="memory://", set_as_current=False, task_default_queue="default")

    @made.task(name="add")
    def add(x: int, y: int = 0) -> int:
        return x + y

    yield made
    made.close()
