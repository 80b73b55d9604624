"""The watchdog: sees that a worker process has stopped working, mends what can be mended, or ends the process.

It runs in every worker process, under `taskhub worker` and under Dramatiq's command line. It counts its own looks and
not the time: after a task has held the interpreter for minutes, everything is late, and nothing is wrong.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import dramatiq
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.middleware import Middleware

from taskhub.engine.broker import EngineBroker
from taskhub.engine.courier import Courier
from taskhub.exceptions import OperationalError
from taskhub.worker import stranded
from taskhub.worker.limits.executions import Executions
from taskhub.worker.restarting import REPLACE_ME

if TYPE_CHECKING:
    from dramatiq.worker import Worker

logger = logging.getLogger(__name__)

#: How often to look, seconds.
LOOK_EVERY = 1.0
#: How long giving back may take before the process ends without it, seconds.
GIVE_BACK_TIMEOUT = 5.0


@dataclass(frozen=True)
class Vitals:
    """What a look at this process has shown."""

    courier_lives: bool
    #: When the courier last went round; only whether it changes matters.
    stepped_at: float
    event_loop_lives: bool


@dataclass(frozen=True)
class Observation:
    """What is known after some looks."""

    stepped_at: float = -1.0
    #: Looks in a row at which the courier had not moved.
    still: int = 0

    def after(self, vitals: Vitals) -> Observation:
        """Return what is known after a further look."""
        if vitals.stepped_at != self.stepped_at:
            return Observation(vitals.stepped_at)
        return replace(self, still=self.still + 1)


def diagnose(vitals: Vitals, observation: Observation, patience: int) -> str | None:
    """Return why the process cannot go on; None: it can.

    Parameters:
      patience: after how many looks a courier that has not moved is stuck.
    """
    if not vitals.courier_lives:
        return "the thread that claims and commits is dead"
    if observation.still >= patience:
        return (
            f"the thread that claims and commits has been stuck for {observation.still} looks: "
            "a connection may hang"
        )
    if not vitals.event_loop_lives:
        return "the event loop of coroutines is dead"
    return None


class Watchdog(Middleware):
    """Watches over the worker of this process.

    Parameters:
      app: its setting `worker_stuck_after` says when a thread that does not move is stuck.
      executions: knows what runs in this process.
    """

    def __init__(self, app: Any, executions: Executions) -> None:
        self._app = app
        self._executions = executions
        self._stopping = threading.Event()
        self._search = stranded.Search()

    def after_worker_boot(self, broker: dramatiq.Broker, worker: Worker) -> None:
        assert isinstance(broker, EngineBroker)
        courier = broker.courier
        if courier is None:
            return
        self._stopping.clear()
        threading.Thread(
            target=self._watch, args=(broker, courier, worker), name="taskhub-watchdog", daemon=True
        ).start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: Worker) -> None:
        self._stopping.set()

    def _watch(self, broker: EngineBroker, courier: Courier, worker: Worker) -> None:
        patience = max(2, round(float(self._app.conf.worker_stuck_after) / LOOK_EVERY))
        observation = Observation()
        while not self._stopping.wait(LOOK_EVERY):
            self._mend(worker)
            self._give_stranded_back(courier, worker)
            loop = get_event_loop_thread()
            vitals = Vitals(courier.is_alive(), courier.stepped_at, loop is None or loop.is_alive())
            observation = observation.after(vitals)
            wrong = diagnose(vitals, observation, patience)
            # At an end without delay the broker lets go of its courier first.
            if wrong is not None and not self._stopping.is_set() and broker.courier is courier:
                self._end(broker, courier, wrong)

    def _mend(self, worker: Worker) -> None:
        """Start threads again that have died."""
        dead = [thread for thread in worker.workers if not thread.is_alive()]
        if dead and not self._stopping.is_set():
            logger.error("%d worker threads have died: others take their places", len(dead))
            idents = {thread.ident for thread in dead}
            for execution in self._executions.running:
                if execution.thread in idents:
                    self._executions.end(execution)
            worker.workers = [thread for thread in worker.workers if thread not in dead]
            for _ in dead:
                worker._add_worker()
            self._search = stranded.Search(stranded.LOOKS)
        for queue, consumer in list(worker.consumers.items()):
            if not consumer.is_alive() and not self._stopping.is_set():
                logger.error("the thread of queue %s has died: another takes its place", queue)
                del worker.consumers[queue]
                worker._add_consumer(queue)
                # What ends before the new thread has one of its own is acknowledged by this one.
                worker.consumers[queue].consumer = consumer.consumer

    def _give_stranded_back(self, courier: Courier, worker: Worker) -> None:
        if not self._search.looks_left or courier.failures:
            return
        accounted = stranded.begun_by(worker.workers) | stranded.marks(courier.ending)
        claims, self._search = self._search.found(courier.claims, accounted)
        if claims:
            logger.error("%d tasks were left by threads that died: given back", len(claims))
            try:
                courier.give_back(claims)
            except OperationalError as error:
                logger.error("%s; they come back when this process ends", error)

    def _end(self, broker: EngineBroker, courier: Courier, wrong: str) -> None:
        """Give everything back and end the process at once; whoever started it starts another."""
        held = courier.claims
        logger.critical(
            "this worker process does not work any more: %s; it gives %d tasks back and ends to be replaced",
            wrong,
            len(held),
        )
        # On connections of its own: those of the courier may be what is stuck.
        giving = threading.Thread(
            target=self._give_all_back, args=(broker, courier), name="taskhub-last", daemon=True
        )
        giving.start()
        giving.join(GIVE_BACK_TIMEOUT)
        logging.shutdown()
        os._exit(REPLACE_ME)

    @staticmethod
    def _give_all_back(broker: EngineBroker, courier: Courier) -> None:
        try:
            broker.engine.reconcile(courier.worker, ())
        except OperationalError as error:
            logger.error("%s; what is held comes back when this process is gone", error)
