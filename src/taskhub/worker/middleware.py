"""The middleware of a worker, and adding it to a broker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dramatiq import middleware as native
from dramatiq.middleware import AsyncIO, Middleware
from dramatiq.results import Results

from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.local_workers import ExchangeLoopMiddleware, LocalWorkers, WorkerHooks
from taskhub.engine.port.engine import Engine
from taskhub.execution.event_loop import EventLoop
from taskhub.execution.runnable import Participation
from taskhub.execution.time_limits import seconds
from taskhub.worker.control.middleware import RemoteControl
from taskhub.worker.control.state import ControlledApp
from taskhub.worker.ipc.client import notify_supervisor
from taskhub.worker.leases.lease import Lease
from taskhub.worker.leases.lease_renewer import run_lease_renewer
from taskhub.worker.lifecycle import Lifecycle
from taskhub.worker.limits.run_time import RunTimeLimits
from taskhub.worker.native import NativeMessage
from taskhub.worker.native_results import EngineResultBackend
from taskhub.worker.node import Node, NodeSignals
from taskhub.worker.rejection import Rejection
from taskhub.worker.telemetry.event_emitter import EventEmitter
from taskhub.worker.telemetry.history_writer import HistoryWriter
from taskhub.worker.telemetry.run_history import RunHistory
from taskhub.worker.unknown_tasks import LiveWorkers, UnknownTasks
from taskhub.worker.watchdog import Watchdog


# Those that stand for Dramatiq's have its names: its loggers are named after them.
class Retries(native.Retries):
    """Dramatiq's retries, for native actors: tasks are retried by Celery's rules."""

    native_only = True


class TimeLimit(native.TimeLimit):
    """Dramatiq's time limit, for native actors."""

    native_only = True


class AgeLimit(native.AgeLimit):
    """Dramatiq's age limit, for native actors; tasks have `expires`."""

    native_only = True


class ShutdownNotifications(native.ShutdownNotifications):
    """Dramatiq's notice of a shutdown, for native actors that ask for it."""

    native_only = True


class Callbacks(native.Callbacks):
    """Dramatiq's callbacks; for a task's message only if it names one."""

    only_when_named = True


class Pipelines(native.Pipelines):
    """Dramatiq's pipelines; for a task's message only if it is part of one."""

    only_when_named = True


def _results(engine: Callable[[], Engine]) -> Results:
    """Return Dramatiq's middleware for results, which reads what commits have stored."""
    # Of exactly this type: Dramatiq's worker looks for it before it accepts a value.
    results = Results(backend=EngineResultBackend(engine))
    # None: for as long as `result_expires` says.
    vars(results).update(native_only=True, result_ttl=None)
    return results


class Boot(Middleware):
    """Prepares the app before a worker starts."""

    def __init__(self, boot: Callable[[], None]) -> None:
        self._boot = boot

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        self._boot()


class PrefetchBound(Middleware):
    """Keeps a worker from holding more than the app's settings allow, where they say so."""

    def __init__(self, app: ControlledApp) -> None:
        self._app = app

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        conf, exchange_loop = self._app.conf, broker.exchange_loop
        multiplier = 0
        if conf.worker_disable_prefetch:
            multiplier = 1
        elif conf.value_set_for("worker_prefetch_multiplier"):
            multiplier = conf.worker_prefetch_multiplier or 0
        if multiplier and exchange_loop is not None:
            exchange_loop.prefetch.maximum = worker.worker_threads * multiplier


class LeaseRenewerFork(Middleware):
    """Has Dramatiq's command line run the lease renewer beside its worker processes."""

    @property
    def forks(self) -> list[Callable[[], int]]:
        return [run_lease_renewer]


def acquire_lease(engine: Engine, worker: str) -> Callable[[], None]:
    """Acquire a worker's lease; returns what releases it."""
    lease = Lease(engine, worker)
    lease.acquire()
    return lease.release


def add_worker_middleware(
    broker: EngineBroker, app: ControlledApp, boot: Callable[[], None], canvas: Participation
) -> None:
    """Set a broker up for workers, with the middleware that tasks and native actors need.

    Args:
        broker: The broker.
        app: Has the engine, which is made when it is first needed; receivers of signals and
            commands get it, too.
        boot: Prepares the app before a worker starts.
        canvas: Knows the canvases that calls are part of.
    """

    def engine() -> Engine:
        return app.engine

    node = Node(app)
    reject = Rejection(node, canvas)
    unknown = UnknownTasks(LiveWorkers(engine), lambda: seconds(app.conf.task_unknown_grace) or 0.0)
    hooks = WorkerHooks(reject, acquire_lease, unknown.requeue, notify_supervisor)
    broker.local_workers = LocalWorkers(broker, hooks)
    node.broker = broker
    event_emitter = EventEmitter(node)
    lifecycle = Lifecycle(reject, node, event_emitter, partial(NativeMessage, app.conf, canvas))
    for middleware in (
        ExchangeLoopMiddleware(),
        Boot(boot),
        PrefetchBound(app),
        HistoryWriter(lambda: app.conf.task_redact or ()),
        NodeSignals(node),
        event_emitter,
        LeaseRenewerFork(),
        # First before a message, last after it: see its module.
        lifecycle,
        RunHistory(app),
        RunTimeLimits(app),
        RemoteControl(app, lifecycle.executions),
    ):
        broker.add_middleware(middleware)
    broker.add_substitute(AgeLimit(), native.AgeLimit)
    broker.add_substitute(TimeLimit(), native.TimeLimit)
    broker.add_substitute(ShutdownNotifications(), native.ShutdownNotifications)
    broker.add_substitute(Callbacks(), native.Callbacks)
    broker.add_substitute(Pipelines(), native.Pipelines)
    broker.add_substitute(Retries(), native.Retries)
    broker.add_substitute(EventLoop(), AsyncIO, permanent=True)
    broker.add_substitute(_results(engine), Results)
    broker.add_middleware(Watchdog(app, lifecycle.executions))
