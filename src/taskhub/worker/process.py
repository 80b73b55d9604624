"""A worker process: runs Dramatiq's worker on a broker until it is stopped."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dramatiq.worker import Worker

from taskhub.engine.dramatiq import internals
from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.exchange_loop import ExchangeLoop
from taskhub.exceptions import OperationalError
from taskhub.humanize import counted
from taskhub.worker.fork_signals import ForkSignals
from taskhub.worker.ipc.client import PoolState, install_client
from taskhub.worker.ipc.connection import Report, SupervisorConnection
from taskhub.worker.orphaned_messages import begun_deliveries, delivery_id
from taskhub.worker.resident_memory import resident_memory
from taskhub.worker.restart_policy import KIB, RecycleLimits
from taskhub.worker.stop_signals import RepeatFilter, is_cold_shutdown

logger = logging.getLogger(__name__)

#: Outcomes get so long to be committed when the process must end at once, seconds.
FORCED_TIMEOUT = 2.0
#: How often to send a heartbeat to the supervisor, seconds.
HEARTBEAT_PERIOD = 1.0
#: With recycle limits, and while the process finishes what it holds, it checks more often.
SHORT_PERIOD = 0.1
#: The supervisor's order follows a signal that others sent, too, within this time; seconds.
ORDER_DELAY = 1.0


class State(Enum):
    """What a worker process does."""

    WORKING = "runs tasks"
    RETIRING = "claims nothing more, and finishes what runs, however long it takes"
    STOPPING = "finishes what runs within its deadline; a further signal ends it at once"
    STOPPED = "ends at once"


class _EndAtOnce(BaseException):
    """A further signal has come: what runs is requeued."""


@dataclass(frozen=True)
class Deadlines:
    """How long tasks may go on when the process is asked to stop, seconds."""

    #: After SIGTERM.
    warm: float
    #: After SIGQUIT, as `worker_soft_shutdown_timeout`.
    cold: float = 0.0


class WorkerProcess:
    """Runs a worker in this process; made and run by the main thread.

    Args:
        broker: Where tasks come from, with all of them declared.
        threads: How many run at once.
        queues: The only queues to serve; empty: all that are declared.
        deadlines: How long tasks may go on when the process is asked to stop.
        limits: After how much work to ask for another process.
        connection: The socket to the supervisor.
    """

    def __init__(
        self,
        broker: EngineBroker,
        *,
        threads: int,
        queues: Collection[str],
        deadlines: Deadlines,
        limits: RecycleLimits,
        connection: SupervisorConnection,
    ) -> None:
        self._broker = broker
        self._threads = threads
        self._queues = set(queues)
        self._deadlines = deadlines
        self._limits = limits
        self._connection = connection
        self._supervisor = install_client(connection)
        self._state = State.WORKING
        # The signals that asked for the end.
        self._signals: list[int] = []
        self._repeats = RepeatFilter()
        self._stop_ordered = False
        self._may_serve = False
        # A signal ends the wait by a byte on this socket.
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)

    def handle_signals(self) -> None:
        """Handle SIGTERM and SIGQUIT from now on, also while the worker does not run yet.

        They ask for an end; SIGQUIT after another asks for one at once.
        """
        signal.set_wakeup_fd(self._outer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # It is the supervisor's, which reacts with orders.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._handle_signal)
        signal.signal(signal.SIGQUIT, self._handle_signal)
        ForkSignals()

    def wait_for_stop(self, seconds: float) -> bool:
        """Wait, before `run`, for a request to end, or for the supervisor to be gone.

        Args:
            seconds: How long at most.

        Returns:
            Whether the process is to end.
        """
        deadline = time.monotonic() + seconds
        while not self._signals and (left := deadline - time.monotonic()) > 0:
            if self._connection.wait_for_hangup(min(left, SHORT_PERIOD)):
                logger.warning("the supervisor is gone: this process ends, too")
                return True
        return bool(self._signals)

    def run(self, facts: dict[str, Any]) -> int:
        """Run tasks until stopped.

        Args:
            facts: What to report to the supervisor when the worker is ready.

        Returns:
            The exit code.

        Raises:
            OperationalError: The store is out of reach at the start.
        """
        if not self._wait_to_serve():
            return 0
        worker = Worker(self._broker, queues=self._queues or None, worker_threads=self._threads)
        worker.start()
        exchange_loop = self._broker.exchange_loop
        if exchange_loop is None:
            # The broker only logs what goes wrong in a boot.
            self._broker.engine.ping()
            raise OperationalError("the worker could not take a lease: see the log above")
        self._warn_of_memory()
        self._connection.send_report(Report("ready", facts=facts))
        self._work(exchange_loop)
        return self._stop(worker, exchange_loop)

    def _wait_to_serve(self) -> bool:
        """Wait until the supervisor lets this process serve; False: it is not wanted any more."""
        endpoint = self._connection.endpoint
        if endpoint is None:
            return True
        facts = {"threads": self._threads, "time_zone": os.environ.get("TZ")}
        self._connection.send_report(Report("prepared", facts=facts))
        while not (self._signals or self._may_serve):
            readable = self._wait((self._inner, endpoint), None)
            if endpoint in readable and not self._follow_orders():
                logger.warning("the supervisor is gone: this process ends, too")
                return False
        return not self._signals

    def _warn_of_memory(self) -> None:
        memory = resident_memory()
        if self._limits.memory is not None and memory > self._limits.memory * KIB:
            logger.warning(
                "a process needs %d KiB before its first task, more than "
                "worker_max_memory_per_child (%d): each will be replaced after one task",
                memory // KIB,
                self._limits.memory,
            )

    # -- working

    def _work(self, exchange_loop: ExchangeLoop) -> None:
        """Return when it is time to stop."""
        endpoint = self._connection.endpoint
        sockets = [self._inner] if endpoint is None else [self._inner, endpoint]
        next_heartbeat = 0.0
        while not self._signals:
            often = self._state is State.RETIRING or self._limits != RecycleLimits()
            period = SHORT_PERIOD if often else HEARTBEAT_PERIOD
            readable = self._wait(sockets, period)
            if endpoint in readable and not self._follow_orders(exchange_loop):
                logger.warning("the supervisor is gone: this process ends, too")
                return
            retired = exchange_loop.held_count <= self._supervisor.lost_count
            if self._state is State.RETIRING and retired:
                return
            now = time.monotonic()
            if often or now >= next_heartbeat:
                memory = resident_memory()
                self._check_limits(exchange_loop, memory)
                if now >= next_heartbeat:
                    next_heartbeat = now + HEARTBEAT_PERIOD
                    self._send_heartbeat(exchange_loop, memory, now)

    def _wait(self, sockets: Collection[socket.socket], seconds: float | None) -> list[Any]:
        """Wait for a signal or an order; returns the sockets that are readable."""
        readable, _, _ = select.select(sockets, (), (), seconds)
        if self._inner in readable:
            # Other signals, for handlers of the app's own, must not end the waits to come.
            with contextlib.suppress(OSError):
                self._inner.recv(4096)
        return readable

    def _follow_orders(self, exchange_loop: ExchangeLoop | None = None) -> bool:
        """Do what the supervisor orders; returns False if it is gone."""
        orders = self._connection.read_orders()
        for order in orders or ():
            if order.kind == "serve":
                self._may_serve = True
            elif order.kind == "retire":
                self._supervisor.is_retiring = True
                if self._state is State.WORKING:
                    self._state = State.RETIRING
                if exchange_loop is not None:
                    exchange_loop.stop_claiming()
            elif order.kind == "stop":
                self._stop_ordered = True
            else:
                self._supervisor.pool = PoolState.from_facts(order.facts)
        return orders is not None

    def _check_limits(self, exchange_loop: ExchangeLoop, memory: int) -> None:
        """Request another process if this one has reached a limit."""
        ended = exchange_loop.completed
        running = min(exchange_loop.held_count, self._threads)
        reason = self._limits.reason_to_recycle(ended, running, memory)
        if reason is not None:
            self._supervisor.request_replacement(reason)

    def _send_heartbeat(self, exchange_loop: ExchangeLoop, memory: int, now: float) -> None:
        facts = {
            "held": exchange_loop.held_count,
            "completed": exchange_loop.completed,
            "memory": memory,
            "stepped": round(now - exchange_loop.stepped_at, 3),
            "answered": round(now - exchange_loop.answered_at, 3),
            "reachable": exchange_loop.failures == 0,
        }
        self._connection.send_report_unless_blocked(Report("heartbeat", facts=facts))

    # -- stopping

    def _stop(self, worker: Worker, exchange_loop: ExchangeLoop) -> int:
        cold = bool(self._signals) and self._signals[0] == signal.SIGQUIT
        timeout = self._deadlines.cold if cold else self._deadlines.warm
        held = exchange_loop.held_count
        if held:
            logger.info(
                "stopping: %s in hand, requeued if they take longer than %g s",
                counted(held, "task"),
                timeout,
            )
        begun = internals.task_threads(worker)
        exchange_loop.find_lost = lambda: self._find_lost(exchange_loop, begun)
        abandoned = self._supervisor.abandoned
        internals.set_task_threads(worker, [thread for thread in begun if thread not in abandoned])
        requeued = 0
        try:
            self._state = State.STOPPING
            if len(self._signals) > 1 or (held and not timeout):
                raise _EndAtOnce
            worker.stop(timeout=int(timeout * 1000))
            self._state = State.STOPPED
            # Without a task in hand, a thread that is still alive merely had no time to end.
            threads = internals.task_threads(worker) if held else ()
            requeued = sum(thread.is_alive() for thread in threads)
        except _EndAtOnce:
            self._state = State.STOPPED
            requeued = exchange_loop.held_count
            self._broker.local_workers.stop(FORCED_TIMEOUT)
            if exchange_loop.is_alive():
                exchange_loop.join(FORCED_TIMEOUT)
        if requeued:
            logger.warning("%s requeued, not ended in time", counted(requeued, "task"))
        self._connection.send_report(Report("stopped", facts={"requeued": requeued}))
        return 0

    def _find_lost(
        self, exchange_loop: ExchangeLoop, threads: Collection[threading.Thread]
    ) -> Collection[str]:
        """Return the keys of messages that are lost with this process; called before it requeues.

        What a thread has begun is, unless the supervisor wants the end: a task that sends its
        process a signal, or whose thread is stuck for good, would be begun again and again
        otherwise.
        """
        if not exchange_loop.held_count or self._is_end_wanted():
            return ()
        begun = begun_deliveries(threads)
        lost = [claim.key for claim in exchange_loop.claims if delivery_id(claim) in begun]
        if lost:
            logger.error(
                "the supervisor did not order this end: it counts as a lost delivery of %s",
                counted(len(lost), "task"),
            )
        return lost

    def _is_end_wanted(self) -> bool:
        """Whether the supervisor wants this process to end, or is gone.

        After a signal it waits a moment for the order.
        """
        endpoint = self._connection.endpoint
        if endpoint is None:
            return True
        deadline = time.monotonic() + (ORDER_DELAY if self._signals else 0.0)
        while not self._stop_ordered:
            left = max(0.0, deadline - time.monotonic())
            if not select.select((endpoint,), (), (), left)[0]:
                return False
            if not self._follow_orders():
                return True
        return True

    def _handle_signal(self, number: int, frame: object) -> None:
        if is_cold_shutdown(number):
            number = signal.SIGQUIT
        if number == signal.SIGTERM and self._signals:
            # A service manager may send it to every process, and the supervisor passes its own on:
            # it counts once.
            return
        if not self._repeats.accepts(number, time.monotonic()):
            return
        self._signals.append(number)
        if len(self._signals) > 1 and self._state is State.STOPPING:
            self._state = State.STOPPED
            raise _EndAtOnce
