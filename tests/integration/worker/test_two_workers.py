"""Two `dramatiq.Worker`s on one broker, in one process."""

from __future__ import annotations

import time
import uuid

import dramatiq
import pytest
from dramatiq.worker import Worker

from taskhub.app.app import Celery
from tests.support.servers import Server
from tests.support.workers import until


@pytest.mark.parametrize("first_to_stop", [0, 1])
def test_each_worker_stops_alone(server: Server, first_to_stop: int) -> None:
    app = Celery(
        "two", broker=server.url, taskhub_namespace=uuid.uuid4().hex[:8], set_as_current=False
    )

    @app.task(name="nap", queue="default")
    def nap(seconds: float) -> str:
        time.sleep(seconds)
        return "slept"

    @app.task(name="anap", queue="default")
    async def anap() -> str:
        return "slept"

    app.finalize()
    workers = [Worker(app.broker, worker_threads=2, worker_timeout=100) for _ in range(2)]
    try:
        for worker in workers:
            worker.start()
        assert len(app.engine.workers()) == 2
        results = [nap.delay(0.3) for _ in range(8)]
        until(
            lambda: all(app.engine.held(name) for name in app.engine.workers()),
            "both to have work",
        )
        workers[first_to_stop].stop()
        assert len(app.engine.workers()) == 1
        for result in results:
            assert result.get(timeout=30) == "slept"
        # The other goes on: with tasks, coroutines, queues that are declared later, and control
        # messages.
        assert nap.delay(0).get(timeout=30) == "slept"
        assert anap.delay().get(timeout=30) == "slept"

        @dramatiq.actor(broker=app.broker, queue_name="later", store_results=True)
        def later() -> int:
            return 5

        message = later.send()
        assert app.AsyncResult(message.message_id).get(timeout=30) == 5
        assert len(app.control.ping(timeout=5)) == 1
    finally:
        for worker in reversed(workers) if first_to_stop else workers:
            if worker in app.broker.workers:
                worker.stop()
    assert app.engine.workers() == {}
    app.broker.close()
