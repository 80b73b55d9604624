"""Sends events of a worker process while somebody wants them (`-E`, `worker_send_task_events`, `enable_events`)."""

from __future__ import annotations

import threading
from typing import Any

from dramatiq.middleware import Middleware

from taskhub import signals
from taskhub.engine.broker import EngineBroker
from taskhub.engine.courier import Courier
from taskhub.engine.delivery import Delivery
from taskhub.outcome import Outcome
from taskhub.worker import events
from taskhub.worker.context import Context
from taskhub.worker.node import Node

#: Between two heartbeats, seconds; Celery's.
HEARTBEAT_EVERY = 2.0


class Eventing(Middleware):
    """Tells of tasks through the courier: the event of an ending is part of its commit.

    What cannot be told now (the store is out of reach) is not told later: events are for those who watch.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        #: Whether tasks are told of; looked at for every task.
        self.is_on = False
        self._courier: Courier | None = None
        self._heart: _Heart | None = None

    # -- switching

    def enable(self) -> bool:
        """Tell of tasks from now on; returns whether that was new."""
        was_on, self.is_on = self.is_on, True
        if self._courier is not None and not was_on:
            self._courier.describe = self._describe
            self._tell_of_worker("worker-online")
            self._beat()
        return not was_on

    def disable(self) -> bool:
        """Tell of tasks no longer; returns whether that was new."""
        was_on, self.is_on = self.is_on, False
        if self._courier is not None:
            self._courier.describe = None
        return was_on

    def heartbeat(self) -> None:
        """Send a heartbeat, whether or not tasks are told of."""
        self._tell_of_worker("worker-heartbeat")

    # -- tasks

    def received(self, request: Context) -> None:
        """A task is about to run."""
        if self._wants(request):
            self._tell("task-received", **events.call_fields(request))

    def started(self, request: Context) -> None:
        """A task runs."""
        if self._wants(request):
            self._tell("task-started", uuid=request.id)

    def _wants(self, request: Context) -> bool:
        # As in Celery, a task can be kept out of it.
        return getattr(request._task, "send_events", True) is not False

    def _describe(self, delivery: Delivery, outcome: Outcome, run: float) -> tuple[str, ...]:
        request: Context | None = delivery.execution
        if request is not None and not self._wants(request):
            return ()
        result = "" if request is None else request._result_text
        return events.ending_events(delivery, outcome, self._node.hostname, run, result)

    # -- the worker

    def after_worker_boot(self, broker: Any, worker: Any) -> None:
        assert isinstance(broker, EngineBroker)
        self._courier = broker.courier
        if self._courier is None:
            # It could not begin; who started it will hear.
            return
        if self.is_on or self._node.app.conf.worker_send_task_events:
            self.is_on = False
            self.enable()
        elif signals.heartbeat_sent.receivers:
            self._beat()

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        heart, self._heart = self._heart, None
        if heart is not None:
            heart.stop()
        if self.is_on:
            self._tell_of_worker("worker-offline")

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        self._courier = None

    def _beat(self) -> None:
        if self._heart is None:
            self._heart = _Heart(self)
            self._heart.start()

    def beat(self) -> None:
        """What the heart does."""
        signals.heartbeat_sent.send(self)
        if self.is_on:
            self.heartbeat()

    def _tell_of_worker(self, kind: str) -> None:
        courier = self._courier
        if courier is not None:
            active = min(courier.holding, courier.prefetch.threads)
            self._tell(kind, **events.worker_fields(active, courier.ended, HEARTBEAT_EVERY))

    def _tell(self, kind: str, **fields: Any) -> None:
        courier = self._courier
        if courier is not None:
            courier.tell(events.event(kind, self._node.hostname, **fields))


class _Heart(threading.Thread):
    def __init__(self, eventing: Eventing) -> None:
        super().__init__(name="taskhub-heart", daemon=True)
        self._eventing = eventing
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(HEARTBEAT_EVERY):
            self._eventing.beat()

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def eventing_of(broker: EngineBroker) -> Eventing:
    """Return who sends the events of a broker's workers."""
    return next(found for found in broker.middleware if isinstance(found, Eventing))
