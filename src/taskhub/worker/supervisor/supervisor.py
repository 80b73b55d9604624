"""The supervisor of a worker: starts its processes, restarts those that end, and stops them.

It imports no code of users, so nothing that they write can end it. Everything happens in one loop
in the main thread, which waits for reports of processes, signals and health checks; what state it
is in stands in `shutdown.py`.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from taskhub.humanize import counted
from taskhub.worker.ipc.connection import Report, Restarts
from taskhub.worker.leases.lease_renewer import LeaseRenewer, lease_renewer_thread
from taskhub.worker.leases.registration import ADDRESS_VARIABLE, address_for
from taskhub.worker.restart_policy import FAILED_STARTS
from taskhub.worker.stop_signals import RepeatFilter, is_cold_shutdown
from taskhub.worker.supervisor.autoscaler import AutoscaleBounds, Autoscaler
from taskhub.worker.supervisor.child import Child, ChildSpawner, Program
from taskhub.worker.supervisor.forks import Forks
from taskhub.worker.supervisor.pool import Pool
from taskhub.worker.supervisor.reaper import OrphanReaper
from taskhub.worker.supervisor.shutdown import Event, State, next_state, signal_to_send
from taskhub.worker.supervisor.signal_handlers import signals_handled, supervisor_handlers
from taskhub.worker.supervisor.status import WorkerStatus, status_served
from taskhub.worker.supervisor.stuck_processes import StuckProcessDetector

logger = logging.getLogger(__name__)

#: The longest wait of the loop, seconds.
PERIOD = 0.5
#: Beyond their own deadline, processes have so long to requeue what they hold, seconds.
GRACE = 15.0
#: After the second signal they have so long, seconds.
SHORT_GRACE = 3.0
#: How many requests are remembered: one that several processes pass on is done once.
REQUESTS_REMEMBERED = 1000


class Supervisor:
    """Runs a pool of processes until a signal, or until they cannot be started.

    Args:
        program: Returns what the process of a number runs; the second argument is whether it is its
            first start.
        processes: How many there are at first.
        nodename: The worker's name.
        shutdown_timeout: Seconds that processes may take to finish their tasks when they are asked
            to stop; None: as they report.
        bounds: Between how many processes there may be, by the backlog; None: their number stays.
        on_ready: Called once with the facts that each process reported, in their order, when all
            are ready.
        on_stopping: Called when the first signal arrives, with SIGTERM or SIGQUIT.
        on_turn: Called at each turn of its loop, at least every `PERIOD`.
        on_lease_renewer: Called with the lease renewer, if there can be one.
        fork_program: Returns what runs a fork of middleware, given where its function is found;
            None: none are run.
    """

    def __init__(
        self,
        program: Callable[[int, bool], Program],
        processes: int,
        *,
        nodename: str,
        shutdown_timeout: float | None,
        bounds: AutoscaleBounds | None = None,
        on_ready: Callable[[list[dict[str, Any]]], object],
        on_stopping: Callable[[signal.Signals], object] = lambda _: None,
        on_turn: Callable[[], object] = lambda: None,
        on_lease_renewer: Callable[[LeaseRenewer], object] = lambda _: None,
        fork_program: Callable[[str], Program] | None = None,
    ) -> None:
        self._program = program
        self._nodename = nodename
        self._shutdown_timeout = shutdown_timeout or 0.0
        self._bounds = bounds
        self._on_ready = on_ready
        self._on_stopping = on_stopping
        self._on_turn = on_turn
        self._on_lease_renewer = on_lease_renewer
        self._selector = selectors.DefaultSelector()
        self._spawner = ChildSpawner(self._selector)
        self._pool = Pool(self._start_child, processes)
        self._forks = None if fork_program is None else Forks(fork_program, self._spawner)
        self._autoscaler: Autoscaler | None = None
        self._state = State.STARTING
        self._repeats = RepeatFilter()
        # When processes that have not ended are killed; None: the worker is not stopping.
        self._kill_at: float | None = None
        self._exit_code = 0
        # The numbers of which a process was started.
        self._started: set[int] = set()
        # Whether the first process has reported how many there are to be; before that, the others
        # that are prepared wait here, with their numbers of threads.
        self._is_sized = False
        self._prepared: list[tuple[Child, int]] = []
        self._request_ids: deque[str] = deque(maxlen=REQUESTS_REMEMBERED)
        #: How many tasks were not finished but requeued.
        self.requeued = 0
        #: Why nothing could be started.
        self.failure: Report | None = None

    def run(self) -> int:
        """Run until the worker is stopped.

        Returns:
            The exit code.
        """
        address = address_for(os.getpid())
        self._spawner.environment = {**os.environ, ADDRESS_VARIABLE: str(address)}
        with ExitStack() as stack:
            lease_renewer = stack.enter_context(lease_renewer_thread(address))
            handlers = supervisor_handlers(self._handle_stop_signal, self._handle_reload_signal)
            stack.enter_context(signals_handled(self._selector, handlers))
            try:
                stack.enter_context(status_served(self._selector, self._status))
            except OSError as error:
                logger.warning("no health checks are answered: %s", error)
            if lease_renewer is not None:
                self._on_lease_renewer(lease_renewer)
            self._start_autoscaler(lease_renewer)
            stack.callback(self._stop_autoscaler)
            self._loop(StuckProcessDetector(lease_renewer.held_by if lease_renewer else _unknown))
            if self._forks is not None:
                self._forks.stop()
        self._selector.close()
        return self._exit_code

    # -- the loop

    def _loop(self, stuck_processes: StuckProcessDetector) -> None:
        orphans = OrphanReaper()
        while self._pool.children or self._pool.next_start is not None:
            self._pool.start_due()
            self._wait()
            for child in self._pool.children:
                self._read_reports(child)
            self._remove_ended()
            if self._forks is not None:
                self._forks.restart_failed()
            self._autoscale()
            stuck_processes.check(self._pool.working)
            self._kill_late()
            orphans.reap()
            self._on_turn()

    def _wait(self) -> None:
        """Wait for a report, the end of a process, a signal, a health check, or the next start."""
        now = time.monotonic()
        next_start = self._pool.next_start
        until = now + PERIOD if next_start is None else min(now + PERIOD, next_start)
        for key, _ in self._selector.select(max(0.0, until - now)):
            if callable(key.data):
                key.data()

    def _start_child(self, number: int, restarts: Restarts) -> Child:
        program = self._program(number, number not in self._started)
        self._started.add(number)
        child = self._spawner.start(program, number, restarts)
        if self._state.is_stopping:
            # The signal came while it was being started.
            child.stop(signal.SIGTERM)
        return child

    def _remove_ended(self) -> None:
        for child in [child for child in self._pool.children if child.has_ended]:
            # Its last reports may have arrived after the last look.
            self._read_reports(child)
            self._spawner.close(child)
            self._pool.remove_ended(child, restart=not self._state.is_stopping)
            if self._state.is_stopping and not child.ended_in_order:
                self._exit_code = self._exit_code or 1
        if self._pool.start_failure is not None and not self._state.is_stopping:
            self._give_up(self._pool.start_failure)

    def _give_up(self, child: Child) -> None:
        """End the worker: no process has worked so far, and none will."""
        self._state = next_state(self._state, Event.START_FAILED)
        self._pool.cancel_starts()
        self.failure = child.failure
        if self.failure is None:
            logger.critical(
                "%s %s before it was ready, %d times in a row: the worker ends",
                *(child.program.name, child.end, FAILED_STARTS),
            )
        self._exit_code = 1 if self.failure is None else self.failure.exit_code or 1
        # The others have the same trouble, and must not report it, too.
        self._kill_at = time.monotonic() + SHORT_GRACE
        for other in self._pool.children:
            other.send_signal(signal.SIGKILL)

    def _kill_late(self) -> None:
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            for child in self._pool.children:
                logger.error("%s did not end in time: killed", child.program.name)
                child.send_signal(signal.SIGKILL)
            self._kill_at = time.monotonic() + SHORT_GRACE

    # -- stopping and reloading

    def _handle_stop_signal(self, number: int, frame: object) -> None:
        if self._repeats.accepts(number, time.monotonic()):
            cold = is_cold_shutdown(number)
            self._stop(Event.STOP_SIGNAL, signal.SIGQUIT if cold else signal.SIGTERM)

    def _handle_reload_signal(self, number: int, frame: object) -> None:
        if not self._state.is_stopping:
            self._reload()

    def _stop(self, event: Event, number: signal.Signals = signal.SIGTERM) -> None:
        """Have the processes finish their tasks and end; at further signals, end sooner.

        Args:
            event: Why.
            number: SIGTERM, or SIGQUIT: then tasks have the shorter time of the settings, or none.
        """
        self._state = next_state(self._state, event)
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._longest_shutdown + GRACE
            self._pool.cancel_starts()
            self._on_stopping(number)
        if self._state is State.REQUEUEING:
            self._kill_at = time.monotonic() + SHORT_GRACE
            self._exit_code = self._exit_code or 1
        for child in self._pool.children:
            child.stop(signal_to_send(self._state, number, child.is_ready))

    @property
    def _longest_shutdown(self) -> float:
        timeouts = [child.facts.get("shutdown_timeout") for child in self._pool.children]
        return max(
            (seconds for seconds in timeouts if seconds is not None), default=self._shutdown_timeout
        )

    def _reload(self) -> None:
        logger.info("reloading: the processes are replaced one after another")
        self._pool.reload()

    # -- reports of processes

    def _read_reports(self, child: Child) -> None:
        for report in child.read_reports():
            self._handle(child, report)

    def _handle(self, child: Child, report: Report) -> None:
        stopping = self._state.is_stopping
        if report.kind == "concurrency":
            self._adopt_concurrency(child, report.facts)
        elif report.kind == "prepared" and not stopping:
            _adopt_time_zone(report.facts["time_zone"])
            self._handle_prepared(child, report.facts["threads"])
        elif report.kind == "ready":
            self._handle_ready(child, report)
        elif report.kind == "replace" and not stopping:
            self._pool.replace(child, report.message)
        elif report.kind == "request" and not stopping:
            self._handle_request(report)
        elif report.kind == "stopped":
            self.requeued += report.facts.get("requeued", 0)

    def _adopt_concurrency(self, child: Child, facts: dict[str, Any]) -> None:
        """Have as many processes as the first one reports, which knows the app's settings.

        When all are ready, their number is changed by commands and the backlog only.
        """
        if child.number != 1 or self._state is not State.STARTING:
            return
        self._pool.resize(facts["processes"])
        if not facts["by_backlog"] and self._autoscaler is not None:
            logger.warning("without effect: --autoscale, for a pool of threads does not grow")
            self._stop_autoscaler()

    def _handle_prepared(self, child: Child, threads: int) -> None:
        """Let a process serve that has imported everything, unless there may be too many."""
        self._is_sized = self._is_sized or child.number == 1
        self._prepared.append((child, threads))
        while self._is_sized and self._prepared:
            self._pool.mark_prepared(*self._prepared.pop(0))

    def _handle_ready(self, child: Child, report: Report) -> None:
        self._pool.mark_ready(child)
        if self._forks is not None and not self._state.is_stopping:
            self._forks.start(report.facts.get("forks", ()))
        working = self._pool.working
        if self._state is State.STARTING and len(working) == self._pool.size:
            self._state = next_state(self._state, Event.ALL_READY)
            self._on_ready([other.facts for other in working])

    def _handle_request(self, report: Report) -> None:
        """Do what a control message asks for the whole worker, once."""
        facts = dict(report.facts)
        request_id = facts.pop("request_id")
        if request_id in self._request_ids:
            return
        self._request_ids.append(request_id)
        if report.message == "reload":
            self._reload()
        elif report.message == "stop":
            self._stop(Event.SHUTDOWN_COMMAND)
        elif report.message == "autoscale" and self._autoscaler is not None:
            self._autoscaler.bounds = AutoscaleBounds(**facts)
        elif report.message in ("grow", "shrink"):
            more = facts["number"] if report.message == "grow" else -facts["number"]
            self._resize(max(1, self._pool.size + more))

    # -- the number of processes

    def _start_autoscaler(self, lease_renewer: LeaseRenewer | None) -> None:
        if self._bounds is None:
            return
        if lease_renewer is None:
            logger.warning(
                "without effect: --autoscale, for without a lease renewer the backlog is not known"
            )
            return
        self._autoscaler = Autoscaler(self._bounds, lease_renewer.count_ready)

    def _stop_autoscaler(self) -> None:
        autoscaler, self._autoscaler = self._autoscaler, None
        if autoscaler is not None:
            autoscaler.stop()

    def _autoscale(self) -> None:
        """Adapt the number of processes to the backlog, and report changes of the pool to them."""
        autoscaler = self._autoscaler
        if autoscaler is not None and not self._state.is_stopping:
            self._resize(autoscaler.wanted_size(self._pool))
        bounds = (
            (None, None)
            if autoscaler is None
            else (autoscaler.bounds.most, autoscaler.bounds.least)
        )
        self._pool.report_state(*bounds)

    def _resize(self, size: int) -> None:
        if size != self._pool.size:
            logger.info(
                "%s from now on, not %d", counted(size, "process", "processes"), self._pool.size
            )
            self._pool.resize(size)

    # -- health checks

    def _status(self) -> WorkerStatus:
        return WorkerStatus(
            nodename=self._nodename,
            process=os.getpid(),
            wanted=self._pool.size,
            stopping=self._state.is_stopping,
            processes=tuple(child.status for child in self._pool.children),
            restarts={str(number): count for number, count in self._pool.restarts.items()},
        )


def _adopt_time_zone(name: str | None) -> None:
    """Log by the clock of the processes: Django sets `TZ` for those that import the app."""
    if name is not None and name != os.environ.get("TZ"):
        os.environ["TZ"] = name
        time.tzset()


def _unknown(process: int) -> None:
    """Without a lease renewer it is unknown how much a process holds."""
