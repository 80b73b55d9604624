"""The process pool of a worker: its slots, the process that serves in each, and its successor."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from dataclasses import asdict

from taskhub.config.urls import mask_url
from taskhub.worker.ipc.client import PoolState
from taskhub.worker.ipc.connection import Order, Restarts
from taskhub.worker.leases.worker_info import START_FAILURE
from taskhub.worker.restart_policy import EXIT_REPLACE, FAILED_STARTS, RestartHistory
from taskhub.worker.supervisor.child import Child

logger = logging.getLogger(__name__)


class Slot:
    """One process of the pool and, while it is replaced, its successor."""

    def __init__(self, number: int) -> None:
        self.number = number
        #: The process that serves, or starts to.
        self.child: Child | None = None
        #: The process that is being started to take over; the other one goes on until it is ready.
        self.successor: Child | None = None
        #: Whether the successor is prepared and waits for the end of the process that serves.
        self.hands_over = False
        self.history = RestartHistory()
        #: When to start a process here, a first one or a successor.
        self.start_at: float | None = time.monotonic()
        #: Why the next process takes the place of another.
        self.restart_reason = ""
        #: How often one was to take the place of another.
        self.restarts = 0

    @property
    def is_starting(self) -> bool:
        """Whether a process is being started, or is to be, in place of another."""
        return self.start_at is not None or (self.successor is not None and not self.hands_over)

    @property
    def is_outdated(self) -> bool:
        """Whether its process may run code from before a reload."""
        return self.child is not None and self.child.is_outdated

    def schedule_restart(self, at: float, reason: str) -> None:
        """Have a process take the place of another.

        Args:
            at: When to start it (`time.monotonic`).
            reason: Why; it may hold texts of the user's exceptions.
        """
        if self.start_at is None:
            self.restarts += 1
        self.start_at, self.restart_reason = at, mask_url(reason)


class Pool:
    """Keeps a number of processes running, and replaces them without a gap.

    Args:
        start: Starts the process of a slot, given its number, and its restarts.
        size: How many slots there are at first.
    """

    def __init__(self, start: Callable[[int, Restarts], Child], size: int) -> None:
        self._start = start
        self._slots = [Slot(number) for number in range(1, size + 1)]
        # Processes that finish what they have begun, and end.
        self._retiring: list[Child] = []
        self._ever_ready = False
        self._reported = PoolState()
        #: The process whose end shows that none can be started.
        self.start_failure: Child | None = None

    # -- inspection

    @property
    def children(self) -> list[Child]:
        """All processes."""
        found = [child for slot in self._slots for child in (slot.child, slot.successor)]
        return [child for child in found if child is not None] + self._retiring

    @property
    def working(self) -> list[Child]:
        """The processes that serve, by their numbers."""
        return [
            slot.child for slot in self._slots if slot.child is not None and slot.child.is_ready
        ]

    @property
    def size(self) -> int:
        """How many processes there should be."""
        return len(self._slots)

    @property
    def restarts(self) -> dict[int, int]:
        """How often a process of each number took the place of another."""
        return {slot.number: slot.restarts for slot in self._slots}

    @property
    def next_start(self) -> float | None:
        """When the next process is to be started (`time.monotonic`)."""
        return min(
            (slot.start_at for slot in self._slots if slot.start_at is not None), default=None
        )

    # -- changes of the pool

    def start_due(self) -> None:
        """Start the processes whose time has come."""
        now = time.monotonic()
        for slot in self._slots:
            if slot.start_at is None or slot.start_at > now:
                continue
            slot.start_at = None
            restarts = Restarts(slot.restarts, slot.restart_reason)
            if slot.child is None:
                slot.child = self._start(slot.number, restarts)
            elif slot.successor is None:
                slot.successor = self._start(slot.number, restarts)
        # A reload goes from slot to slot: twice the memory for all of them at once might be too
        # much. It does not wait for tasks that run.
        if not any(slot.is_starting for slot in self._slots):
            outdated = next(
                (slot for slot in self._slots if slot.is_outdated and slot.successor is None), None
            )
            if outdated is not None:
                outdated.schedule_restart(now, "reload")

    def cancel_starts(self) -> None:
        """Start nothing more."""
        for slot in self._slots:
            slot.start_at = None
        self._mark_outdated(False)

    def resize(self, size: int) -> None:
        """Change the number of processes; those that hold the least retire first."""
        while len(self._slots) > size:
            slot = min(self._slots, key=_retention_rank)
            self._slots.remove(slot)
            for child in (slot.child, slot.successor):
                if child is not None:
                    self._retire(child)
        taken = {slot.number for slot in self._slots}
        for number in range(1, size + 1):
            if len(self._slots) < size and number not in taken:
                self._slots.append(Slot(number))
        self._slots.sort(key=lambda slot: slot.number)

    def reload(self) -> None:
        """Replace every process, one after another, by one that imports the code anew."""
        # A successor that is being started may have imported the code before.
        self._mark_outdated(True)

    def _mark_outdated(self, outdated: bool) -> None:
        for child in self.children:
            child.is_outdated = outdated

    def report_state(self, most: int | None, least: int | None) -> None:
        """Send the processes the state of the pool when it has changed.

        Args:
            most: The upper bound of their number, if that follows the backlog.
            least: The lower bound.
        """
        working = self.working
        state = PoolState(tuple(child.process.pid for child in working), most, least)
        if state != self._reported:
            self._reported = state
            for child in working:
                child.send_order(Order("pool", asdict(state)))

    def _retire(self, child: Child) -> None:
        self._retiring.append(child)
        _order_to_retire(child)

    def _slot_of(self, child: Child) -> Slot | None:
        for slot in self._slots:
            if child in (slot.child, slot.successor):
                return slot
        return None

    # -- events of processes

    def mark_prepared(self, child: Child, threads: int) -> None:
        """Let a process that has imported everything serve.

        One thread is one of the tasks at a time that `-c` allows: such a process serves when the
        one before it has finished its task. One of several threads serves at once, because the one
        before it may have to finish a long task while its other threads do nothing.
        """
        slot = self._slot_of(child)
        if slot is None:
            # It was retired while it started.
            return
        if slot.successor is child and slot.child and threads == 1:
            slot.hands_over = True
            logger.info("%s is prepared, and follows %s", child, slot.child)
            _order_to_retire(slot.child)
        else:
            child.send_order(Order("serve"))

    def mark_ready(self, child: Child) -> None:
        """Let a process that is ready serve; the one that it takes over from retires."""
        self._ever_ready = True
        logger.info("%s is ready", child)
        slot = self._slot_of(child)
        if slot is None:
            # It was retired while it started.
            child.send_order(Order("retire"))
        elif slot.successor is child:
            before, slot.child, slot.successor = slot.child, child, None
            _log_takeover(child, before)
            if before is not None:
                self._retire(before)

    def replace(self, child: Child, reason: str) -> None:
        """Start a successor of a process that has requested one."""
        slot = self._slot_of(child)
        if slot is None or slot.child is not child:
            return
        logger.info("%s is being replaced: %s", child, reason)
        if slot.successor is None and slot.start_at is None:
            slot.schedule_restart(time.monotonic(), reason)

    def remove_ended(self, child: Child, *, restart: bool) -> None:
        """Remove a process that has ended.

        Args:
            child: The process.
            restart: Whether to start another one in its slot.
        """
        if child in self._retiring:
            self._retiring.remove(child)
            if not child.ended_in_order:
                logger.warning("%s, which was to be replaced, %s", child, child.end)
            return
        slot = self._slot_of(child)
        assert slot is not None
        if not restart:
            if slot.successor is child:
                slot.successor = None
            else:
                slot.child = None
        elif slot.successor is child:
            slot.successor, slot.hands_over = None, False
            self._handle_failed_successor(slot, child)
        elif slot.hands_over:
            self._hand_over(slot, child)
        else:
            slot.child, slot.successor = slot.successor, None
            if slot.child is None:
                self._handle_lost(slot, child)
            else:
                logger.error("%s %s; its successor is being started", child, child.end)

    def _hand_over(self, slot: Slot, before: Child) -> None:
        """Let the successor of a process that has ended serve."""
        if not before.ended_in_order:
            logger.warning("%s, which was to be replaced, %s", before, before.end)
        slot.child, slot.successor, slot.hands_over = slot.successor, None, False
        assert slot.child is not None
        _log_takeover(slot.child, before)
        slot.child.send_order(Order("serve"))

    def _handle_lost(self, slot: Slot, child: Child) -> None:
        if not child.has_suspect:
            slot.history = slot.history.after(child.ready_for)
        if not self._ever_ready and (
            child.failure is not None or slot.history.early_ends >= FAILED_STARTS
        ):
            self.start_failure = child
            return
        self._restart(slot, child, "restarted")

    def _handle_failed_successor(self, slot: Slot, child: Child) -> None:
        slot.history = slot.history.after(child.ready_for)
        if slot.is_outdated and not child.is_outdated:
            logger.error(
                "%s; the reload is cancelled, and the processes that run go on", _cause(child)
            )
            self._mark_outdated(False)
            return
        self._restart(slot, child, "the one before it goes on, and it is restarted")

    def _restart(self, slot: Slot, child: Child, what: str) -> None:
        # The more of them end early, the longer the pause: the cause may be a task that each of
        # them gets. A suspect becomes a dead letter after some deliveries: nothing is gained by a
        # pause, in which all else would wait.
        pause = 0.0 if child.has_suspect else slot.history.pause
        logger.error("%s; %s %s", _cause(child), what, f"in {pause:g} s" if pause else "now")
        slot.schedule_restart(time.monotonic() + pause, _reason(child))


def _order_to_retire(child: Child) -> None:
    if child.is_ready:
        child.send_order(Order("retire"))
    else:
        child.stop(signal.SIGTERM)


def _log_takeover(child: Child, before: Child | None) -> None:
    pid = "?" if before is None else str(before.process.pid)
    logger.info("%s takes over from process %s", child, pid)


def _retention_rank(slot: Slot) -> tuple[bool, int, int]:
    """Return the order in which slots are kept: those that work, and hold much, to the last."""
    child = slot.child
    return child is not None and child.is_ready, child.held if child else 0, -slot.number


def _reason(child: Child) -> str:
    """Return why a process that has ended is started again, for the worker info of the next."""
    if child.failure is not None:
        exception = child.failure.facts.get("exception", "")
        return f"{START_FAILURE}{exception}: {child.failure.message}"
    if child.is_ready and child.process.returncode == EXIT_REPLACE:
        return "it asked to be replaced"
    return child.end


def _cause(child: Child) -> str:
    """Return why a process ended, for the log."""
    if child.failure is not None:
        return f"{child.program.name} cannot start: {child.failure.message}"
    if child.is_ready and child.process.returncode == EXIT_REPLACE:
        # It has noticed by itself what was wrong, and would have gone on otherwise.
        return f"{child} asked to be replaced"
    return f"worker lost: {child} {child.end}" if child.is_ready else f"{child} {child.end}"
