"""The watchdog: notices that a worker process does not work, repairs its threads, or ends it.

It runs in every worker process, under `taskhub worker` and under Dramatiq's command line. A program
that runs a `dramatiq.Worker` of its own is not ended: nobody would start it again. It counts
its own checks and not the time: after a task has held the interpreter for minutes, everything is
late, and nothing is wrong.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import dramatiq
from dramatiq.middleware import Middleware

from taskhub.engine.dramatiq import internals
from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.exchange_loop import ExchangeLoop
from taskhub.engine.dramatiq.internals import get_event_loop_thread
from taskhub.exceptions import OperationalError
from taskhub.humanize import counted
from taskhub.worker.ipc.client import supervisor_client
from taskhub.worker.limits.executions import Executions
from taskhub.worker.orphaned_messages import CHECKS, OrphanSearch, begun_deliveries, delivery_id
from taskhub.worker.restart_policy import EXIT_REPLACE

if TYPE_CHECKING:
    from dramatiq.worker import Worker

logger = logging.getLogger(__name__)

#: How often to check, seconds.
PERIOD = 1.0
#: How long it may take to requeue before the process ends without it, seconds.
REQUEUE_TIMEOUT = 5.0


@dataclass(frozen=True)
class Vitals:
    """What a check of this process has shown."""

    exchange_loop_is_alive: bool
    #: When the exchange loop last took a step; only whether it changes matters.
    stepped_at: float
    event_loop_is_alive: bool


@dataclass(frozen=True)
class Observation:
    """What is known after some checks."""

    stepped_at: float = -1.0
    #: Checks in a row at which the exchange loop had taken no step.
    stuck_checks: int = 0

    def after(self, vitals: Vitals) -> Observation:
        """Return what is known after a further check."""
        if vitals.stepped_at != self.stepped_at:
            return Observation(vitals.stepped_at)
        return replace(self, stuck_checks=self.stuck_checks + 1)


def diagnose(vitals: Vitals, observation: Observation, patience: int) -> str | None:
    """Return why the process cannot go on; None: it can.

    Args:
        vitals: What the last check has shown.
        observation: What is known after all checks.
        patience: After how many checks an exchange loop that takes no step is stuck.
    """
    if not vitals.exchange_loop_is_alive:
        return "the thread that claims and commits is dead"
    if observation.stuck_checks >= patience:
        return (
            "the thread that claims and commits has been stuck for "
            f"{observation.stuck_checks} checks: a connection may hang"
        )
    if not vitals.event_loop_is_alive:
        return "the event loop of coroutines is dead"
    return None


def is_replaced() -> bool:
    """Whether another process starts when this one ends.

    So it is under `taskhub worker` and under Dramatiq's command line, but not in a program that
    runs a `dramatiq.Worker` of its own, which does other things, too: a test, say.
    """
    return supervisor_client() is not None or internals.is_command_line_process()


class Watchdog(Middleware):
    """Watches the worker of this process.

    Args:
        app: Its setting `worker_stuck_after` says when a thread is stuck.
        executions: Knows what runs in this process.
    """

    def __init__(self, app: Any, executions: Executions) -> None:
        self._app = app
        self._executions = executions
        #: The workers that are watched, and what ends that.
        self._watched: dict[Worker, threading.Event] = {}
        self._searches: dict[Worker, OrphanSearch] = {}

    def after_worker_boot(self, broker: dramatiq.Broker, worker: Worker) -> None:
        assert isinstance(broker, EngineBroker)
        exchange_loop = broker.exchange_loop_of(worker)
        if exchange_loop is None:
            return
        self._watched[worker] = threading.Event()
        self._searches[worker] = OrphanSearch()
        threading.Thread(
            target=self._watch,
            args=(broker, exchange_loop, worker),
            name="taskhub-watchdog",
            daemon=True,
        ).start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: Worker) -> None:
        stopping = self._watched.pop(worker, None)
        if stopping is not None:
            stopping.set()

    def _watch(self, broker: EngineBroker, exchange_loop: ExchangeLoop, worker: Worker) -> None:
        patience = max(2, round(float(self._app.conf.worker_stuck_after) / PERIOD))
        observation = Observation()
        stopping = self._watched.get(worker) or threading.Event()
        while worker in self._watched and not stopping.wait(PERIOD):
            self._replace_dead_threads(worker)
            self._requeue_orphaned(exchange_loop, worker)
            loop = get_event_loop_thread()
            vitals = Vitals(
                exchange_loop.is_alive(), exchange_loop.stepped_at, loop is None or loop.is_alive()
            )
            observation = observation.after(vitals)
            wrong = diagnose(vitals, observation, patience)
            # At an end without delay the broker drops its exchange loop first.
            if (
                wrong is not None
                and worker in self._watched
                and broker.exchange_loop_of(worker) is exchange_loop
            ):
                self._end(broker, exchange_loop, worker, wrong)
                return

    def _replace_dead_threads(self, worker: Worker) -> None:
        threads = internals.task_threads(worker)
        dead = [thread for thread in threads if not thread.is_alive()]
        if dead and worker in self._watched:
            logger.error("worker threads have died: %d, replaced", len(dead))
            idents = {thread.ident for thread in dead}
            for execution in self._executions.running:
                if execution.thread in idents:
                    self._executions.end(execution)
            internals.set_task_threads(worker, [thread for thread in threads if thread not in dead])
            for _ in dead:
                internals.add_thread(worker)
            self._searches[worker] = OrphanSearch(CHECKS)
        for queue, consumer in internals.consumer_threads(worker).items():
            if not consumer.is_alive() and worker in self._watched:
                logger.error("the thread of queue %s has died: replaced", queue)
                internals.replace_consumer(worker, queue)

    def _requeue_orphaned(self, exchange_loop: ExchangeLoop, worker: Worker) -> None:
        search = self._searches[worker]
        if not search.checks_left or exchange_loop.failures:
            return
        accounted = begun_deliveries(internals.task_threads(worker))
        accounted.update(map(delivery_id, exchange_loop.pending_claims))
        claims, self._searches[worker] = search.check(exchange_loop.claims, accounted)
        if claims:
            logger.error("%s of threads that died: requeued", counted(len(claims), "task"))
            try:
                exchange_loop.requeue(claims)
            except OperationalError as error:
                logger.error("%s; they are reclaimed when this process ends", error)

    def _end(
        self, broker: EngineBroker, exchange_loop: ExchangeLoop, worker: Worker, wrong: str
    ) -> None:
        """Requeue everything and end the process at once, if its parent starts another."""
        # What it requeues must not come back to it: that would count as one more lost delivery.
        exchange_loop.stop_claiming()
        # Nor may threads begin what waits here: others run it.
        for _ in internals.take_all(worker):
            pass
        replaced = is_replaced()
        logger.critical(
            "this worker process does not work any more: %s; it requeues %s and %s",
            wrong,
            counted(len(exchange_loop.claims), "task"),
            "ends to be replaced" if replaced else "runs no more of them: start the program again",
        )
        # On connections of its own: those of the exchange loop may be what is stuck.
        requeuing = threading.Thread(
            target=self._requeue_all,
            args=(broker, exchange_loop, worker),
            name="taskhub-requeue",
            daemon=True,
        )
        requeuing.start()
        requeuing.join(REQUEUE_TIMEOUT)
        if replaced:
            logging.shutdown()
            os._exit(EXIT_REPLACE)

    @staticmethod
    def _requeue_all(broker: EngineBroker, exchange_loop: ExchangeLoop, worker: Worker) -> None:
        """Requeue all messages; for those that a thread has begun it counts as a delivery.

        One of them may be what broke this process, and would break every other one.
        """
        begun = begun_deliveries(internals.task_threads(worker))
        not_begun = [claim.key for claim in exchange_loop.claims if delivery_id(claim) not in begun]
        try:
            broker.engine.requeue(exchange_loop.worker, not_begun)
            broker.engine.reclaim(exchange_loop.worker)
        except OperationalError as error:
            logger.error("%s; what is held is reclaimed when this process is gone", error)
