"""The event emitter: task and worker events of a process, while they are enabled.

That is by `-E`, `worker_send_task_events`, or the command `enable_events`.
"""

from __future__ import annotations

import threading
from typing import Any

from dramatiq.middleware import Middleware

from taskhub import signals
from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.exchange_loop import ExchangeLoop
from taskhub.execution import events
from taskhub.execution.execution import Execution, task_of
from taskhub.execution.request import Context
from taskhub.outcome import Outcome
from taskhub.worker.ipc.client import supervisor_client
from taskhub.worker.node import Node

#: Between two heartbeats, seconds; as Celery.
HEARTBEAT_PERIOD = 2.0


class EventEmitter(Middleware):
    """Publishes events through the exchange loop: the event of an outcome is part of its commit.

    An event that cannot be published (the store is out of reach) is dropped: events are for those
    who watch.

    Args:
        node: The worker process.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        #: Whether events are enabled; read for every task.
        self.is_enabled = False
        self._exchange_loop: ExchangeLoop | None = None
        self._heartbeat: _Heartbeat | None = None

    # -- switching

    def enable(self) -> bool:
        """Enable events; returns whether they were disabled."""
        was_enabled, self.is_enabled = self.is_enabled, True
        if self._exchange_loop is not None and not was_enabled:
            self._exchange_loop.outcome_hooks.make_events = self._make_events
            self._publish_worker_event("worker-online")
            self._start_heartbeat()
        return not was_enabled

    def disable(self) -> bool:
        """Disable events; returns whether they were enabled."""
        was_enabled, self.is_enabled = self.is_enabled, False
        if self._exchange_loop is not None:
            self._exchange_loop.outcome_hooks.make_events = None
        return was_enabled

    def send_heartbeat(self) -> None:
        """Publish a heartbeat, whether or not events are enabled."""
        self._publish_worker_event("worker-heartbeat")

    # -- tasks

    def task_received(self, request: Context) -> None:
        """Publish that a task is about to run."""
        if self._is_observed(request):
            self._publish("task-received", **events.call_fields(request))

    def task_started(self, request: Context) -> None:
        """Publish that a task runs."""
        if self._is_observed(request):
            self._publish("task-started", uuid=request.id)

    def _is_observed(self, request: Context) -> bool:
        # As in Celery, a task can be left out.
        return getattr(task_of(request), "send_events", True) is not False

    def _make_events(self, delivery: Delivery, outcome: Outcome, run: float) -> tuple[str, ...]:
        execution: Execution | None = delivery.execution
        if execution is not None and not self._is_observed(execution.request):
            return ()
        result = "" if execution is None else execution.result_text
        return events.outcome_events(delivery, outcome, self._node.hostname, run, result)

    # -- the worker

    def after_worker_boot(self, broker: Any, worker: Any) -> None:
        assert isinstance(broker, EngineBroker)
        self._exchange_loop = broker.exchange_loop_of(worker)
        if self._exchange_loop is None:
            # It could not start; its starter gets the error.
            return
        if self.is_enabled or self._node.app.conf.worker_send_task_events:
            self.is_enabled = False
            self.enable()
        elif signals.heartbeat_sent.receivers:
            self._start_heartbeat()

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        if len(broker.workers) > 1:
            # Another one in this process goes on.
            return
        heartbeat, self._heartbeat = self._heartbeat, None
        if heartbeat is not None:
            heartbeat.stop()
        supervisor = supervisor_client()
        goes_on = supervisor is not None and supervisor.is_retiring
        if self.is_enabled and not goes_on:
            self._publish_worker_event("worker-offline")

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        left = [broker.exchange_loop_of(other) for other in broker.workers if other is not worker]
        self._exchange_loop = left[-1] if left else None

    def _start_heartbeat(self) -> None:
        if self._heartbeat is None:
            self._heartbeat = _Heartbeat(self)
            self._heartbeat.start()

    def beat(self) -> None:
        """Send the signal `heartbeat_sent` and, if events are enabled, publish a heartbeat."""
        signals.heartbeat_sent.send(self)
        if self.is_enabled:
            self.send_heartbeat()

    def _publish_worker_event(self, kind: str) -> None:
        exchange_loop = self._exchange_loop
        if exchange_loop is not None:
            active = min(exchange_loop.held_count, exchange_loop.prefetch.threads)
            self._publish(
                kind, **events.worker_fields(active, exchange_loop.completed, HEARTBEAT_PERIOD)
            )

    def _publish(self, kind: str, **fields: Any) -> None:
        exchange_loop = self._exchange_loop
        if exchange_loop is not None:
            exchange_loop.publish_event(events.event(kind, self._node.hostname, **fields))


class _Heartbeat(threading.Thread):
    def __init__(self, event_emitter: EventEmitter) -> None:
        super().__init__(name="taskhub-heartbeat", daemon=True)
        self._event_emitter = event_emitter
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(HEARTBEAT_PERIOD):
            self._event_emitter.beat()

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def event_emitter_of(broker: EngineBroker) -> EventEmitter:
    """Return the middleware that publishes the events of a broker's workers."""
    return next(found for found in broker.middleware if isinstance(found, EventEmitter))
