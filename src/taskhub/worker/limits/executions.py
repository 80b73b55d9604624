"""Executions in this process: time limits and termination, from outside the thread of a task.

A task is ended from outside in three steps. Its outcome is committed at once; the fence refuses any
later one of its thread. Then its thread is interrupted. If that does not free the thread (it is in
C code), it is abandoned: the process is replaced, or, without a supervisor, the thread.
"""

from __future__ import annotations

import logging
import signal as signals
import threading
from collections.abc import Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from taskhub import instrumentation
from taskhub.engine.dramatiq import internals
from taskhub.exceptions import OperationalError, SoftTimeLimitExceeded
from taskhub.execution import request_classes
from taskhub.execution.decision import Happened, decide_outcome, revoked, timed_out
from taskhub.execution.execution import Execution
from taskhub.execution.interruption import Interruption
from taskhub.execution.request import entered
from taskhub.execution.thread_run import ThreadRun
from taskhub.execution.time_limits import UNLIMITED, TimeLimits, in_force
from taskhub.outcome import Outcome
from taskhub.worker.ipc.client import supervisor_client
from taskhub.worker.leases.deadlines import DeadlineBoard
from taskhub.worker.limits.limit_watcher import LimitWatcher
from taskhub.worker.limits.revoked_stamps import RevokedStamps

if TYPE_CHECKING:
    from dramatiq.worker import Worker

    from taskhub.engine.dramatiq.broker import EngineBroker
    from taskhub.engine.dramatiq.delivery import Delivery
    from taskhub.execution.request import Context
    from taskhub.execution.runnable import RunnableTask

logger = logging.getLogger(__name__)

#: A thread whose task has been ended has so long to be free, seconds.
THREAD_GRACE = 3.0
#: Until the outcome of a task is committed, check this often, seconds.
COMMIT_POLL = 0.05
#: Where the store is needed to decide an outcome and is out of reach, seconds until the next try.
DECISION_PAUSE = 1.0


class Executions:
    """The tasks that run in this process.

    Args:
        reject: Makes the outcome of a task whose own cannot be decided.
    """

    def __init__(self, reject: Callable[[Any, Exception], Outcome]) -> None:
        self._reject = reject
        # By thread.
        self._running: dict[int, ThreadRun] = {}
        # Those that were ended on behalf of their threads, and when to abandon these.
        self._abandon_at: dict[ThreadRun, float] = {}
        self._revoked: set[str] = set()
        #: Tasks with one of these are not begun.
        self.stamps = RevokedStamps()
        self._watcher = LimitWatcher(self._check)
        self._board: DeadlineBoard | None = None
        self._board_lock = threading.Lock()
        self._worker: Worker | None = None
        self._default_limits = UNLIMITED

    def serve(self, worker: Worker, default_limits: TimeLimits) -> None:
        """Take over the tasks of a worker.

        Args:
            worker: The worker.
            default_limits: For tasks that have no time limits of their own.
        """
        self._worker = worker
        self._default_limits = default_limits

    # -- called by the threads that run tasks

    def begin(self, execution: Execution) -> ThreadRun:
        """Register a task that begins in this thread."""
        limits = self.limits_of(execution.task, execution.request)
        run = ThreadRun(execution, limits)
        self._running[run.thread] = run
        if limits is not UNLIMITED:
            self._watch(run)
        return run

    def end(self, execution: ThreadRun) -> None:
        """Remove a task that a thread has finished."""
        self._running.pop(execution.thread, None)
        if execution.limits.hard is not None and self._board is not None:
            self._board.clear(execution.thread)

    def limits_of(self, task: RunnableTask[Any, Any], request: Context) -> TimeLimits:
        """Return the time limits of a call."""
        given = request.timelimit
        if given is None or (given[0] is None and given[1] is None):
            if not (task.time_limit or task.soft_time_limit or self._default_limits != UNLIMITED):
                return UNLIMITED
            given = UNLIMITED
        limits = in_force(
            TimeLimits(*given),
            task.declared_limits,
            TimeLimits(task.time_limit, task.soft_time_limit),
            self._default_limits,
        )
        return UNLIMITED if limits == UNLIMITED else limits

    def is_revoked(self, delivery: Delivery) -> bool:
        """Whether a message that is about to be begun was revoked since it was claimed."""
        if delivery.claim.revoked or self.stamps.cover(delivery.execution.request):
            return True
        if not self._revoked or delivery.message_id not in self._revoked:
            return False
        self._revoked.discard(delivery.message_id)
        return True

    # -- steering, from any thread

    @property
    def running(self) -> list[ThreadRun]:
        """The tasks that run now."""
        return [found for found in list(self._running.values()) if not found.is_settled]

    def revoke(self, task_ids: Iterable[str]) -> None:
        """Revoke tasks that this process has claimed and not begun yet.

        The others are revoked in the store (`Engine.revoke`).
        """
        if self._worker is not None:
            begun = {found.request.id for found in list(self._running.values())}
            broker = _broker(self._worker)
            exchange_loops = [broker.exchange_loop_of(worker) for worker in broker.workers]
            claims = [claim for one in exchange_loops if one is not None for claim in one.claims]
            held = {claim.task_id for claim in claims}
            self._revoked |= {name for name in task_ids if name in held and name not in begun}

    def terminate(self, task_ids: Iterable[str], signal: str | int | None = None) -> list[str]:
        """End tasks that run here, as REVOKED; returns their ids.

        Args:
            task_ids: Which.
            signal: A name or number. Threads cannot be sent signals; but as in Celery, with SIGUSR1
                the task is interrupted by `SoftTimeLimitExceeded`, which it may handle.

        Raises:
            ValueError: There is no such signal.
        """
        number = signal_number(signal)
        soft = number == getattr(signals, "SIGUSR1", None)
        wanted = set(task_ids)
        terminated = []
        for execution in self.running:
            task_id = execution.request.id or ""
            if task_id in wanted and self._end(
                execution,
                revoked("terminated"),
                SoftTimeLimitExceeded if soft else Interruption,
            ):
                logger.info("Terminating %s (%s)", task_id, number)
                terminated.append(task_id)
        return terminated

    # -- the watcher

    def _watch(self, execution: ThreadRun) -> None:
        if execution.limits.hard is not None:
            self._write_deadline(execution)
        if execution.next_at is not None:
            self._watcher.check_at(execution.next_at)

    def _write_deadline(self, execution: ThreadRun) -> None:
        """Write a hard deadline for the lease renewer, in case this process cannot end the task."""
        board = self._board
        if board is None:
            with self._board_lock:
                board = self._board = self._board or DeadlineBoard.of_this_process()
        claim, at = execution.delivery.claim, execution.hard_at
        assert at is not None
        board.write(execution.thread, at, claim.key, claim.token)

    def _check(self, now: float) -> float:
        """End what is over its limits; returns when the next limit is reached."""
        for execution in list(self._running.values()):
            limits, at = execution.limits, execution.next_at
            if at is None or at > now:
                continue
            if execution.hard_at is not None and execution.hard_at <= now:
                self._end_timed_out(execution)
            else:
                execution.soft_limit_raised = True
                if execution.interrupt(SoftTimeLimitExceeded, unless_settled=True):
                    logger.warning(
                        "Soft time limit (%ss) exceeded for %s[%s]",
                        limits.soft,
                        execution.request.task,
                        execution.request.id,
                    )
                    request_classes.soft_limit_reached(
                        execution.task, execution.request, limits.soft
                    )
        for execution, at in list(self._abandon_at.items()):
            if self._running.get(execution.thread) is not execution:
                del self._abandon_at[execution]
            elif at <= now:
                del self._abandon_at[execution]
                self._abandon(execution)
        limits_at = [found.next_at for found in list(self._running.values())]
        return min(
            [at for at in limits_at if at is not None] + list(self._abandon_at.values()),
            default=float("inf"),
        )

    # -- outcomes on behalf of a thread

    def _end_timed_out(self, execution: ThreadRun) -> None:
        self._end(
            execution,
            timed_out(execution.limits.hard),
            Interruption,
        )

    def _end(
        self,
        execution: ThreadRun,
        happened: Happened,
        error: type[BaseException],
    ) -> bool:
        """End a task on behalf of its thread, and free the thread; False: it has ended already."""
        if not execution.settle():
            return False
        execution.delivery.settled = True
        # In a thread of its own: handlers of the task are users' code, and may take long.
        threading.Thread(
            target=self._finish,
            args=(execution, happened, error),
            name="taskhub-decide",
            daemon=True,
        ).start()
        return True

    def _finish(
        self,
        execution: ThreadRun,
        happened: Happened,
        error: type[BaseException],
    ) -> None:
        delivery = execution.delivery
        self._abandon_at[execution] = at = monotonic() + THREAD_GRACE
        self._watcher.check_at(at)
        with instrumentation.resumed(delivery):
            outcome = self._decide(execution, happened)
        instrumentation.end(delivery, outcome)
        exchange_loop = delivery.exchange_loop
        if exchange_loop is None or not exchange_loop.is_alive():
            # The worker has ended; what it held is run again.
            return
        exchange_loop.complete(delivery, outcome, monotonic() - execution.began)
        execution.interrupt(error)
        if self._board is not None:
            while exchange_loop.holds(delivery.claim) and exchange_loop.is_alive():
                threading.Event().wait(COMMIT_POLL)
            # From now on it needs no help from outside.
            self._board.clear(execution.thread, delivery.claim.token)

    def _decide(self, execution: ThreadRun, happened: Happened) -> Outcome:
        delivery = execution.delivery
        while True:
            try:
                with entered(execution.request):
                    return decide_outcome(execution.execution, happened)
            except OperationalError as problem:
                # Part of what follows is in the store.
                logger.warning("%s; task %s is ended later", problem, delivery.message_id)
                threading.Event().wait(DECISION_PAUSE)
            except Exception as problem:
                logger.exception("the outcome of task %s could not be decided", delivery.message_id)
                return self._reject(delivery.claim, problem)

    def _abandon(self, execution: ThreadRun) -> None:
        """Replace a thread that is stuck in a task, or its process."""
        thread = next(
            (found for found in threading.enumerate() if found.ident == execution.thread), None
        )
        if thread is None:
            return
        request = execution.request
        what = f"task {request.task}[{request.id}] was ended and its thread is stuck"
        supervisor = supervisor_client()
        if supervisor is not None:
            supervisor.request_replacement(what, abandoned=[thread])
            return
        logger.error("%s: the thread is replaced", what)
        running = [] if self._worker is None else _broker(self._worker).workers
        for worker in [found for found in running if thread in internals.task_threads(found)]:
            others = [other for other in internals.task_threads(worker) if other is not thread]
            internals.set_task_threads(worker, others)
            # Should it be free after all, it ends: another has replaced it.
            stop = getattr(thread, "stop", None)
            if stop is not None:
                stop()
            internals.add_thread(worker)


def _broker(worker: Worker) -> EngineBroker:
    return cast("EngineBroker", worker.broker)


def signal_number(signal: str | int | None) -> int:
    """Return the number of a signal, by default that of SIGTERM.

    Raises:
        ValueError: There is none of that name or number.
    """
    if signal is None:
        return int(signals.SIGTERM)
    try:
        if isinstance(signal, int):
            return int(signals.Signals(signal))
        name = signal.strip().upper()
        return int(signals.Signals[name if name.startswith("SIG") else f"SIG{name}"])
    except (KeyError, ValueError):
        raise ValueError(f"there is no signal {signal!r}; give a name such as SIGTERM") from None
