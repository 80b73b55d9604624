"""The supervisor: keeps processes running, watches their leases, and stops them in good order.

It imports no code of users, so nothing that they write can bring it down.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from taskhub.worker.autoscaler import Autoscaler
from taskhub.worker.autoscaling import Bounds
from taskhub.worker.child import Child, Program
from taskhub.worker.keeper import ADDRESS_VARIABLE, Keeper, address_for
from taskhub.worker.keeping import keeping
from taskhub.worker.link import Order, Report
from taskhub.worker.pool import Pool
from taskhub.worker.restarting import FAILED_STARTS
from taskhub.worker.signals_handled import signals_handled
from taskhub.worker.silence import SilenceWatch
from taskhub.worker.status import ProcessStatus, StatusServer, WorkerStatus
from taskhub.worker.supervised import PoolState

logger = logging.getLogger(__name__)

#: How often to look around even if nothing happens, seconds.
LOOK_EVERY = 0.5
#: Beyond their own deadline, processes have so long to give back what they hold, seconds.
GRACE = 15.0
#: After the second signal they have so long, seconds.
SHORT_GRACE = 3.0
#: How many requests are remembered, so that those passed on by several processes are heeded once.
TICKETS = 1000
#: As in Celery: `REMAP_SIGTERM=SIGQUIT` makes SIGTERM ask for what SIGQUIT asks for.
REMAP_VARIABLE = "REMAP_SIGTERM"


class Supervisor:
    """Runs a pool of processes until a signal, or until they cannot be started.

    Parameters:
      program: returns what the process of a number runs; the second argument is whether it is its first start.
      processes: how many there are at first.
      nodename: what the worker is called.
      bounds: between how many processes there may be, by the backlog; None: their number stays.
      shutdown_timeout: seconds that processes may take to finish their tasks when asked to stop; None: as they tell.
      on_ready: called once with the facts that each process told, in their order, when all are ready.
      on_stopping: called when the first signal arrives.
      on_keeping: called with the keeper, if there can be one.
    """

    def __init__(
        self,
        program: Callable[[int, bool], Program],
        processes: int,
        *,
        nodename: str,
        shutdown_timeout: float | None,
        bounds: Bounds | None = None,
        on_ready: Callable[[list[dict[str, Any]]], object],
        on_stopping: Callable[[], object] = lambda: None,
        on_keeping: Callable[[Keeper], object] = lambda _: None,
    ) -> None:
        self._program = program
        self._shutdown_timeout = shutdown_timeout or 0.0
        self._on_ready = on_ready
        self._on_stopping = on_stopping
        self._on_keeping = on_keeping
        self._selector = selectors.DefaultSelector()
        self._environment: dict[str, str] = {}
        #: How often the process of each number was started.
        self._starts: Counter[int] = Counter()
        self._pool = Pool(self._start, processes)
        self._told_pool = PoolState()
        self._tickets: deque[str] = deque(maxlen=TICKETS)
        self._announced = False
        self._signals = 0
        self._kill_at: float | None = None
        self._exit_code = 0
        self._nodename = nodename
        self._bounds = bounds
        self._autoscaler: Autoscaler | None = None
        #: How many tasks were not finished but given back.
        self.given_back = 0
        #: Why nothing could be started.
        self.failure: Report | None = None

    def run(self) -> int:
        """Run until told to stop; returns the exit code."""
        address = address_for(os.getpid())
        self._environment = {**os.environ, ADDRESS_VARIABLE: str(address)}
        with (
            keeping(address) as keeper,
            signals_handled(self._selector, self._handlers),
            self._answering(),
            self._autoscaling(keeper),
        ):
            if keeper is not None:
                self._on_keeping(keeper)
            silence = SilenceWatch(keeper)
            while self._pool.children or self._pool.next_due is not None:
                self._pool.tick()
                self._wait()
                self._hear()
                self._bury()
                if self._autoscaler is not None and not self._stopping:
                    self._resize(self._autoscaler.size(self._pool))
                self._tell_pool()
                silence.look(self._pool.working)
                self._kill_late()
        self._selector.close()
        return self._exit_code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask the processes to finish their tasks and end; asked again, to end at once.

        Parameters:
          number: SIGTERM, or SIGQUIT: then they have the shorter time that their settings name, or none.
        """
        self._signals += 1
        if self._signals == 1:
            self._kill_at = time.monotonic() + self._longest_shutdown + GRACE
            self._pool.forget_starts()
            self._on_stopping()
        elif self._signals == 2:
            self._kill_at = time.monotonic() + SHORT_GRACE
        if self._signals == 2 or number == signal.SIGQUIT:
            self._exit_code = self._exit_code or 1
        for child in self._pool.children:
            child.send(number if self._signals <= 2 else signal.SIGKILL)

    def reload(self) -> None:
        """Replace the processes, one after another, by new ones that read the code afresh."""
        logger.info("reloading: the processes are replaced one after another")
        self._pool.reload()

    @property
    def _longest_shutdown(self) -> float:
        told = [child.facts.get("shutdown_timeout") for child in self._pool.children]
        return max(
            (seconds for seconds in told if seconds is not None), default=self._shutdown_timeout
        )

    # -- signals

    @property
    def _handlers(self) -> dict[signal.Signals, Callable[[int, object], object]]:
        handlers: dict[signal.Signals, Callable[[int, object], object]] = {
            signal.SIGTERM: self._on_stop,
            signal.SIGINT: self._on_stop,
            signal.SIGQUIT: self._on_stop,
            # When a terminal is closed, what runs in it ends; without one it asks for a reload, as in Celery.
            signal.SIGHUP: self._on_stop if _has_terminal() else self._on_reload,
        }
        # Under nohup, a hangup stays ignored. SIGINT is heeded even where a shell's `&` ignored it.
        if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            del handlers[signal.SIGHUP]
        return handlers

    def _on_stop(self, number: int, frame: object) -> None:
        cold = number == signal.SIGQUIT or (
            number == signal.SIGTERM and os.environ.get(REMAP_VARIABLE) == "SIGQUIT"
        )
        self.stop(signal.SIGQUIT if cold else signal.SIGTERM)

    def _on_reload(self, number: int, frame: object) -> None:
        if not self._stopping:
            self.reload()

    @property
    def _stopping(self) -> bool:
        return self._signals > 0

    # -- the loop

    def _start(self, number: int) -> Child:
        child = Child(self._program(number, not self._starts[number]), self._environment)
        child.number = number
        self._starts[number] += 1
        self._selector.register(child.link, selectors.EVENT_READ, child)
        if self._stopping:
            # The signal came while it was being started.
            child.send(signal.SIGTERM)
        return child

    def _wait(self) -> None:
        now = time.monotonic()
        next_due = self._pool.next_due
        until = now + LOOK_EVERY if next_due is None else min(now + LOOK_EVERY, next_due)
        for key, _ in self._selector.select(max(0.0, until - now)):
            if callable(key.data):
                key.data()

    def _hear(self) -> None:
        for child in self._pool.children:
            for report in child.reports():
                self._take(child, report)

    def _take(self, child: Child, report: Report) -> None:
        if report.kind == "ready":
            self._pool.is_ready(child)
            working = self._pool.working
            if not self._announced and len(working) == self._pool.size:
                self._announced = True
                self._on_ready([other.facts for other in working])
        elif report.kind == "replace" and not self._stopping:
            self._pool.is_to_be_replaced(child, report)
        elif report.kind == "request":
            self._answer(report)
        elif report.kind == "stopped":
            self.given_back += report.facts.get("given_back", 0)

    def _bury(self) -> None:
        for child in [child for child in self._pool.children if child.has_ended]:
            # Its last words may have arrived after we listened.
            for report in child.reports():
                self._take(child, report)
            self._selector.unregister(child.link)
            child.close()
            self._pool.has_ended(child, restart=not self._stopping)
            if self._stopping and child.process.returncode not in (0, -signal.SIGTERM):
                self._exit_code = self._exit_code or 1
        if self._pool.hopeless is not None and not self._stopping:
            self._give_up(self._pool.hopeless)

    def _give_up(self, child: Child) -> None:
        """Nothing has worked so far, and nothing will."""
        self._pool.forget_starts()
        failure = child.failure
        if failure is None:
            self._exit_code = 1
            logger.critical(
                "%s %s before it was ready, %d times in a row: given up",
                child.program.name,
                child.how_it_ended(),
                FAILED_STARTS,
            )
        else:
            self.failure = failure
            self._exit_code = failure.exit_code or 1
        # The others have the same trouble, and must not tell of it, too.
        self._signals = 2
        self._kill_at = time.monotonic() + SHORT_GRACE
        for other in self._pool.children:
            other.send(signal.SIGKILL)

    # -- what is asked from elsewhere

    @contextmanager
    def _answering(self) -> Generator[None]:
        """Answer those who ask how this worker is."""
        try:
            server = StatusServer(lambda: self._status)
        except OSError as error:
            logger.warning("no health checks are answered: %s", error)
            yield
            return
        self._selector.register(server.listener, selectors.EVENT_READ, server.answer)
        try:
            yield
        finally:
            self._selector.unregister(server.listener)
            server.close()

    @contextmanager
    def _autoscaling(self, keeper: Keeper | None) -> Generator[None]:
        """Let the number of processes follow the backlog, if that is wanted."""
        if self._bounds is None or keeper is None:
            if self._bounds is not None:
                logger.warning("without a keeper the backlog is not known: no processes are added")
            yield
            return
        self._autoscaler = Autoscaler(self._bounds, keeper)
        try:
            yield
        finally:
            self._autoscaler.stop()

    def _answer(self, report: Report) -> None:
        """Do what a process asks for the whole worker."""
        facts = dict(report.facts)
        ticket = facts.pop("ticket")
        if self._stopping or ticket in self._tickets:
            return
        self._tickets.append(ticket)
        if report.message == "reload":
            self.reload()
        elif report.message == "stop":
            self.stop()
        elif report.message == "autoscale":
            if self._autoscaler is not None:
                self._autoscaler.bounds = Bounds(**facts)
        elif report.message in ("grow", "shrink"):
            more = facts["number"] if report.message == "grow" else -facts["number"]
            self._resize(max(1, self._pool.size + more))

    def _resize(self, size: int) -> None:
        if size != self._pool.size:
            logger.info("%d processes from now on, not %d", size, self._pool.size)
            self._pool.resize(size)

    @property
    def _status(self) -> WorkerStatus:
        """How this worker is."""
        return WorkerStatus(
            self._nodename,
            os.getpid(),
            self._pool.size,
            self._stopping,
            tuple(_status_of(child) for child in self._pool.children),
            {str(number): starts for number, starts in self._starts.items()},
        )

    def _tell_pool(self) -> None:
        """Tell the processes how many they are, when that has changed."""
        working = self._pool.working
        bounds = {} if self._autoscaler is None else asdict(self._autoscaler.bounds)
        state = PoolState(tuple(child.process.pid for child in working), **bounds)
        if state != self._told_pool:
            self._told_pool = state
            for child in working:
                child.order(Order("pool", asdict(state)))

    def _kill_late(self) -> None:
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            for child in self._pool.children:
                logger.error("%s does not end; it is killed", child.program.name)
                child.send(signal.SIGKILL)
            self._kill_at = time.monotonic() + SHORT_GRACE


def _status_of(child: Child) -> ProcessStatus:
    pulse = child.pulse
    return ProcessStatus(
        child.process.pid,
        child.is_ready,
        child.held,
        pulse.get("answered", 0.0),
        pulse.get("reachable", True),
        child.number,
        int(child.facts.get("threads", 0)),
    )


def _has_terminal() -> bool:
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
