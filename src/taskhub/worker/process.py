"""One worker process: runs Dramatiq's worker on a broker until it is told to stop."""

from __future__ import annotations

import logging
import select
import signal
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from dramatiq.worker import Worker

from taskhub.engine.broker import EngineBroker
from taskhub.engine.courier import Courier
from taskhub.exceptions import OperationalError
from taskhub.worker import supervised
from taskhub.worker.link import Link, Report
from taskhub.worker.recycling import KIB, Limits, resident_memory

logger = logging.getLogger(__name__)

#: What is left to be written gets so long when the process must end at once, seconds.
AT_ONCE = 2.0
#: How often to tell the supervisor how things are, seconds.
PULSE = 1.0
#: With limits, and while the process finishes what it holds, it looks more often.
LOOK_EVERY = 0.1


class _EndAtOnce(BaseException):
    """The second signal has come: what runs is given back."""


@dataclass(frozen=True)
class Deadlines:
    """How long tasks may go on when the process is asked to stop, seconds."""

    #: After SIGTERM.
    warm: float
    #: After SIGQUIT, as `worker_soft_shutdown_timeout`.
    cold: float = 0.0


class WorkerProcess:
    """Works tasks off in this process; to be made and run by the main thread.

    Parameters:
      broker: where tasks come from, with all of them declared.
      threads: how many run at once.
      queues: the only queues to serve; empty: all that are declared.
      deadlines: how long tasks may go on when the process is asked to stop.
      limits: after how much work to ask for another process.
      link: where to tell what happens.
    """

    def __init__(
        self,
        broker: EngineBroker,
        *,
        threads: int,
        queues: Collection[str],
        deadlines: Deadlines,
        limits: Limits,
        link: Link,
    ) -> None:
        self._broker = broker
        self._threads = threads
        self._queues = set(queues)
        self._deadlines = deadlines
        self._limits = limits
        self._link = link
        self._supervision = supervised.begin(link)
        self._signals: list[int] = []
        self._may_end_at_once = False
        self._retiring = False
        # A signal ends the wait by a byte on this socket.
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)

    def handle_signals(self) -> None:
        """From now on SIGTERM and SIGQUIT ask for an end; the first one while nothing runs yet, too."""
        signal.set_wakeup_fd(self._outer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # It is the supervisor's, which answers by orders.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGQUIT, self._on_signal)

    def is_to_end_within(self, seconds: float) -> bool:
        """Wait so long before `run`; returns True at once if it is told to end, or the supervisor is gone."""
        deadline = time.monotonic() + seconds
        while not self._signals and (left := deadline - time.monotonic()) > 0:
            if self._link.is_cut_within(min(left, LOOK_EVERY)):
                logger.warning("the supervisor is gone: this process ends, too")
                return True
        return bool(self._signals)

    def run(self, facts: dict[str, Any]) -> int:
        """Work until told to stop; returns the exit code.

        Parameters:
          facts: what to tell the supervisor when the worker is ready.

        Raises:
          OperationalError: the store is out of reach at the start.
        """
        worker = Worker(self._broker, queues=self._queues or None, worker_threads=self._threads)
        worker.start()
        courier = self._broker.courier
        if courier is None:
            # The broker reports what goes wrong in a boot only to its log.
            self._broker.engine.ping()
            raise OperationalError("the worker could not take a lease: see the log above")
        least = resident_memory()
        if self._limits.memory is not None and least > self._limits.memory * KIB:
            logger.warning(
                "a process needs %d KiB before its first task, more than worker_max_memory_per_child (%d): "
                "each will be replaced after one task",
                least // KIB,
                self._limits.memory,
            )
        self._link.tell(Report("ready", facts=facts))
        self._wait(courier)
        return self._stop(worker, courier)

    # -- working

    def _wait(self, courier: Courier) -> None:
        """Return when it is time to stop."""
        sockets = [self._inner]
        if self._link.connection is not None:
            sockets.append(self._link.connection)
        told_at = 0.0
        while not self._signals:
            watched = self._retiring or self._limits != Limits()
            readable, _, _ = select.select(sockets, (), (), LOOK_EVERY if watched else PULSE)
            if self._link.connection in readable and not self._heed(courier):
                logger.warning("the supervisor is gone: this process ends, too")
                return
            if self._retiring and courier.holding <= self._supervision.lost:
                return
            now = time.monotonic()
            if watched or now - told_at >= PULSE:
                told_at = self._look_at_itself(courier, now, told_at)

    def _heed(self, courier: Courier) -> bool:
        """Follow what the supervisor orders; False: it is gone."""
        orders = self._link.orders()
        for order in orders or ():
            if order.kind == "retire":
                self._retiring = True
                courier.stop_claiming()
            else:
                self._supervision.pool = supervised.PoolState.from_facts(order.facts)
        return orders is not None

    def _look_at_itself(self, courier: Courier, now: float, told_at: float) -> float:
        """Tell the supervisor how things are, once in a while, and whether this process has worked enough.

        Returns when that was last told.
        """
        memory = resident_memory()
        reached = self._limits.reached(courier.ended, memory)
        if reached is not None:
            self._supervision.ask_for_replacement(reached)
        if now - told_at < PULSE:
            return told_at
        facts = {
            "held": courier.holding,
            "ended": courier.ended,
            "memory": memory,
            "stepped": round(now - courier.stepped_at, 3),
            "answered": round(now - courier.answered_at, 3),
            "reachable": courier.failures == 0,
        }
        self._link.tell_if_heard(Report("pulse", facts=facts))
        return now

    # -- stopping

    def _stop(self, worker: Worker, courier: Courier) -> int:
        timeout = self._deadlines.warm
        if self._signals and self._signals[0] == signal.SIGQUIT:
            timeout = self._deadlines.cold
        held = courier.holding
        if held:
            logger.info(
                "stopping: %d tasks in hand, given back if they take longer than %g s",
                held,
                timeout,
            )
        worker.workers[:] = [
            thread for thread in worker.workers if thread not in self._supervision.abandoned
        ]
        given_back = 0
        try:
            self._may_end_at_once = True
            if len(self._signals) > 1 or (held and not timeout):
                raise _EndAtOnce
            worker.stop(timeout=int(timeout * 1000))
            self._may_end_at_once = False
            given_back = sum(thread.is_alive() for thread in worker.workers)
        except _EndAtOnce:
            given_back = courier.holding
            self._broker.end_courier(AT_ONCE)
            if courier.is_alive():
                courier.join(AT_ONCE)
        if given_back:
            logger.warning("%d tasks did not end in time and were given back", given_back)
        self._link.tell(Report("stopped", facts={"given_back": given_back}))
        return 0

    def _on_signal(self, number: int, frame: object) -> None:
        self._signals.append(number)
        if len(self._signals) > 1 and self._may_end_at_once:
            self._may_end_at_once = False
            raise _EndAtOnce
