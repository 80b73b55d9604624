"""The brokers of both libraries, and what cases share."""

from __future__ import annotations

import os
import time
import uuid
from typing import Any

import dramatiq
from dramatiq.middleware import (
    AgeLimit,
    AsyncIO,
    Callbacks,
    Pipelines,
    Retries,
    ShutdownNotifications,
    TimeLimit,
)
from dramatiq.results import ResultFailure, ResultMissing, Results, ResultTimeout

OURS = os.environ["PARITY_LIBRARY"] == "taskhub"
STORE = os.environ["STORE"]


def make_broker(middleware: list[Any] | None = None, **results: Any) -> Any:
    """Make the library's broker, with results, and let it be the one on which actors are declared."""
    if middleware is None:
        middleware = [
            AgeLimit(),
            TimeLimit(interval=50),
            ShutdownNotifications(),
            Callbacks(),
            Pipelines(),
            Retries(min_backoff=20, max_backoff=40),
            AsyncIO(),
        ]
    if OURS:
        from taskhub.dramatiq import ResultBackend, broker

        middleware = [*middleware, Results(backend=ResultBackend(), **results)]
        made: Any = broker(STORE, middleware=middleware, taskhub_namespace=uuid.uuid4().hex)
    else:
        from dramatiq.brokers.redis import RedisBroker
        from dramatiq.results.backends import RedisBackend

        middleware = [*middleware, Results(backend=RedisBackend(url=STORE), **results)]
        made = RedisBroker(url=STORE, middleware=middleware, namespace=uuid.uuid4().hex)
    dramatiq.set_broker(made)
    made.emit_after("process_boot")
    return made


class Working:
    """A worker in this process for the length of a block."""

    def __init__(self, broker: Any, threads: int = 4, **options: Any) -> None:
        self.worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=50, **options)

    def __enter__(self) -> Any:
        self.worker.start()
        return self.worker

    def __exit__(self, *error: object) -> None:
        self.worker.stop(timeout=10_000)


def result_of(message: Any, **options: Any) -> Any:
    """Return what getting a message's result comes to."""
    try:
        return message.get_result(**options)
    except (ResultMissing, ResultTimeout) as error:
        return type(error).__name__
    except ResultFailure as error:
        return [str(error), error.orig_exc_type, error.orig_exc_msg]


def until(holds: Any) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
