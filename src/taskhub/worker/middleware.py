"""The middleware of a worker, and the broker that carries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
from dramatiq.broker import MessageProxy
from dramatiq.middleware import (
    AgeLimit,
    AsyncIO,
    Callbacks,
    CurrentMessage,
    Middleware,
    Pipelines,
    Retries,
    ShutdownNotifications,
    TimeLimit,
)
from dramatiq.results import Results

from taskhub.engine.broker import EngineBroker
from taskhub.engine.port import Engine
from taskhub.worker import keeper
from taskhub.worker.endings import unrunnable
from taskhub.worker.lease import Lease
from taskhub.worker.lifecycle import Lifecycle
from taskhub.worker.native_results import EngineResultBackend
from taskhub.worker.runnable import RunnableTask


class _OnlyNative(Middleware):
    """Leaves tasks alone: for them, Celery's rules take the place of what this middleware does."""

    @staticmethod
    def _is_task(broker: dramatiq.Broker, message: MessageProxy) -> bool:
        return isinstance(broker.actors.get(message.actor_name), RunnableTask)


class NativeRetries(_OnlyNative, Retries):
    """Dramatiq's retries, for native actors."""

    def after_process_message(
        self, broker: Any, message: Any, *, result: Any = None, exception: Any = None
    ) -> None:
        if exception is not None and not self._is_task(broker, message):
            super().after_process_message(broker, message, result=result, exception=exception)


class NativeTimeLimit(_OnlyNative, TimeLimit):
    """Dramatiq's time limit, for native actors."""

    def before_process_message(self, broker: Any, message: Any) -> None:
        if not self._is_task(broker, message):
            super().before_process_message(broker, message)

    def after_process_message(
        self, broker: Any, message: Any, *, result: Any = None, exception: Any = None
    ) -> None:
        if not self._is_task(broker, message):
            super().after_process_message(broker, message, result=result, exception=exception)


class NativeAgeLimit(_OnlyNative, AgeLimit):
    """Dramatiq's age limit, for native actors."""

    def before_process_message(self, broker: Any, message: Any) -> None:
        if not self._is_task(broker, message):
            super().before_process_message(broker, message)


class Boot(Middleware):
    """Lets the app get ready before a worker starts."""

    def __init__(self, boot: Callable[[], None]) -> None:
        self._boot = boot

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        self._boot()


class KeeperFork(Middleware):
    """Has Dramatiq's command line run the keeper beside its worker processes."""

    @property
    def forks(self) -> list[Callable[[], int]]:
        return [keeper.main]


def hold_lease(engine: Engine, worker: str) -> Callable[[], None]:
    """Take a worker's lease; returns what gives it up."""
    lease = Lease(engine, worker)
    lease.begin()
    return lease.end


def make_broker(engine: Callable[[], Engine], boot: Callable[[], None]) -> EngineBroker:
    """Return a broker with the middleware that tasks and native actors need."""
    broker = EngineBroker(engine, reject=unrunnable, hold_lease=hold_lease, middleware=[])
    for middleware in (
        Boot(boot),
        KeeperFork(),
        # First before a message, last after it: see its module.
        Lifecycle(),
        NativeAgeLimit(),
        NativeTimeLimit(),
        ShutdownNotifications(),
        Callbacks(),
        Pipelines(),
        NativeRetries(),
        AsyncIO(),
        CurrentMessage(),
        # Of exactly this type: Dramatiq's worker looks for it before it accepts a value.
        Results(backend=EngineResultBackend(engine), store_results=True),
    ):
        broker.add_middleware(middleware)
    return broker
