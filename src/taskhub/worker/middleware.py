"""The middleware of a worker, and the broker that carries it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from dramatiq.asyncio import EventLoopThread, get_event_loop_thread, set_event_loop_thread
from dramatiq.middleware import (
    AgeLimit,
    AsyncIO,
    Callbacks,
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
from taskhub.worker.commands.state import ControlledApp
from taskhub.worker.eventing import Eventing
from taskhub.worker.lease import Lease
from taskhub.worker.lifecycle import Lifecycle
from taskhub.worker.limits.run_time import RunTimeLimits
from taskhub.worker.native_results import EngineResultBackend
from taskhub.worker.node import Node, NodeSignals
from taskhub.worker.rejecting import AfterFailure, Rejection
from taskhub.worker.remote import RemoteControl
from taskhub.worker.watchdog import Watchdog


class NativeRetries(Retries):
    """Dramatiq's retries, for native actors: tasks are retried by Celery's rules."""

    native_only = True


class NativeTimeLimit(TimeLimit):
    """Dramatiq's time limit, for native actors."""

    native_only = True


class NativeAgeLimit(AgeLimit):
    """Dramatiq's age limit, for native actors; tasks have `expires`."""

    native_only = True


class NativeShutdownNotifications(ShutdownNotifications):
    """Dramatiq's notice of a shutdown, for native actors that ask for it."""

    native_only = True


class NamedCallbacks(Callbacks):
    """Dramatiq's callbacks; for a task's message only if it names one."""

    only_when_named = True


class NamedPipelines(Pipelines):
    """Dramatiq's pipelines; for a task's message only if it is part of one."""

    only_when_named = True


class EventLoop(AsyncIO):
    """Dramatiq's event loop for coroutines, in a thread that does not outlive its process.

    Dramatiq's own keeps a process alive that a second SIGTERM has told to end at once. There is one for all workers of
    a process, of which tests may have several.
    """

    _lock = threading.Lock()
    _workers = 0

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        with self._lock:
            EventLoop._workers += 1
            if get_event_loop_thread() is not None:
                return
            thread = EventLoopThread(self.logger)
            thread.daemon = True
            thread.start(timeout=5.0)
            set_event_loop_thread(thread)

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        with self._lock:
            EventLoop._workers -= 1
            thread = get_event_loop_thread()
            if EventLoop._workers <= 0 and thread is not None:
                thread.stop()
                thread.join()
                set_event_loop_thread(None)


def _results(engine: Callable[[], Engine]) -> Results:
    """Return what answers Dramatiq's questions for results; they are stored by the commit."""
    # Of exactly this type: Dramatiq's worker looks for it before it accepts a value.
    results = Results(backend=EngineResultBackend(engine), store_results=True)
    vars(results)["native_only"] = True
    return results


class Boot(Middleware):
    """Lets the app get ready before a worker starts."""

    def __init__(self, boot: Callable[[], None]) -> None:
        self._boot = boot

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        self._boot()


class PrefetchBound(Middleware):
    """Keeps a worker from holding more than the app's settings allow, where they say so."""

    def __init__(self, app: ControlledApp) -> None:
        self._app = app

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        conf, courier = self._app.conf, broker.courier
        multiplier = 0
        if conf.worker_disable_prefetch:
            multiplier = 1
        elif conf.value_set_for("worker_prefetch_multiplier"):
            multiplier = conf.worker_prefetch_multiplier or 0
        if multiplier and courier is not None:
            courier.prefetch.most = worker.worker_threads * multiplier


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


def make_broker(
    app: ControlledApp, boot: Callable[[], None], after_failure: AfterFailure
) -> EngineBroker:
    """Return a broker with the middleware that tasks and native actors need.

    Parameters:
      app: has the engine, which is made when it is first needed; receivers of signals and commands get it, too.
      boot: gets the app ready before a worker starts.
      after_failure: returns what the failure of a task causes that is not registered here.
    """

    def engine() -> Engine:
        return app.engine

    node = Node(app)
    reject = Rejection(node, after_failure)
    broker = EngineBroker(engine, reject=reject, hold_lease=hold_lease, middleware=[])
    node.broker = broker
    eventing = Eventing(node)
    lifecycle = Lifecycle(reject, node, eventing)
    for middleware in (
        Boot(boot),
        PrefetchBound(app),
        NodeSignals(node),
        eventing,
        KeeperFork(),
        # First before a message, last after it: see its module.
        lifecycle,
        RunTimeLimits(app),
        RemoteControl(app, lifecycle.executions),
        NativeAgeLimit(),
        NativeTimeLimit(),
        NativeShutdownNotifications(),
        NamedCallbacks(),
        NamedPipelines(),
        NativeRetries(),
        EventLoop(),
        _results(engine),
        Watchdog(app, lifecycle.executions),
    ):
        broker.add_middleware(middleware)
    return broker
