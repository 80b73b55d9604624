"""A lease on the store in memory: held while its process runs, and given up for good."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.rules import EngineRules
from taskhub.exceptions import OperationalError
from taskhub.worker.leases.lease import Lease
from tests.support.workers import until


class FailingEngine(MemoryEngine):
    """Fails when told to."""

    error: Exception | None = None
    renewals = 0

    def renew(self, workers: Sequence[str], lease: int) -> list[str]:
        self.renewals += 1
        if self.error is not None:
            raise self.error
        return super().renew(workers, lease)


@pytest.fixture
def engine() -> FailingEngine:
    return FailingEngine(EngineRules(lease=600))


def test_it_is_renewed_until_it_is_given_up(engine: FailingEngine) -> None:
    lease = Lease(engine, "w1")
    lease.acquire()
    until(lambda: engine.renewals >= 4, "some renewals")
    assert engine.workers()["w1"] > 0
    lease.release()
    assert not lease.is_alive()
    assert engine.workers() == {}


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("a bug")])
def test_it_outlives_failures(engine: FailingEngine, error: Exception) -> None:
    lease = Lease(engine, "w1")
    lease.acquire()
    engine.error = error
    until(lambda: engine.renewals >= 3, "tries that fail")
    engine.error = None
    until(lambda: engine.renew([], 600) == [], "the lease to stand again")
    lease.release()


def test_a_worker_that_cannot_take_it_is_told(engine: FailingEngine) -> None:
    engine.error = OperationalError("away")
    with pytest.raises(OperationalError, match="away"):
        Lease(engine, "w1").acquire()
