"""The tasks that run in this process: watched over, and ended on behalf of their threads when their time is over.

A task is ended from outside in three steps. Its ending is committed at once; the fence refuses whatever its thread
still comes to. Then its thread is interrupted. If that does not bring the thread free (it is in C code), it is given
up: the process is replaced, or, without a supervisor, another thread takes its place.
"""

from __future__ import annotations

import logging
import signal as signals
import threading
from collections.abc import Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from taskhub.exceptions import OperationalError, SoftTimeLimitExceeded
from taskhub.outcome import Outcome
from taskhub.worker import endings, own_requests, supervised
from taskhub.worker.context import entered
from taskhub.worker.deciding import end_overdue, end_revoked
from taskhub.worker.limits.deadlines import DeadlineBoard
from taskhub.worker.limits.execution import Execution
from taskhub.worker.limits.interrupting import Interruption
from taskhub.worker.limits.time_limits import UNLIMITED, TimeLimits, in_force
from taskhub.worker.stamps import RevokedStamps

if TYPE_CHECKING:
    from dramatiq.worker import Worker

    from taskhub.engine.broker import EngineBroker
    from taskhub.engine.delivery import Delivery
    from taskhub.worker.context import Context
    from taskhub.worker.runnable import RunnableTask

logger = logging.getLogger(__name__)

#: A thread whose task has been ended has so long to come free, seconds.
THREAD_GRACE = 3.0
#: Until the ending of a task is written, look so often, seconds.
LOOK_EVERY = 0.05


class Executions:
    """Knows what runs in this process.

    Parameters:
      reject: makes the outcome of a task whose ending cannot be decided.
    """

    def __init__(self, reject: Callable[[Any, Exception], Outcome]) -> None:
        self._reject = reject
        #: By thread.
        self._running: dict[int, Execution] = {}
        #: Those that were ended on behalf of their threads, and when to give these up.
        self._freed_by: dict[Execution, float] = {}
        self._revoked: set[str] = set()
        #: Tasks with one of these are not begun.
        self.stamps = RevokedStamps()
        self._watcher: threading.Thread | None = None
        self._changed = threading.Condition()
        #: When the watcher looks next (`time.monotonic`).
        self._looks_at = float("inf")
        self._board: DeadlineBoard | None = None
        self._board_lock = threading.Lock()
        self._worker: Worker | None = None
        self._default_limits = UNLIMITED

    def serve(self, worker: Worker, default_limits: TimeLimits) -> None:
        """The tasks of this worker are those that run here.

        Parameters:
          default_limits: for tasks that have no time limits of their own.
        """
        self._worker = worker
        self._default_limits = default_limits

    # -- called by the threads that run tasks

    def begin(
        self, delivery: Delivery, task: RunnableTask[Any, Any], request: Context
    ) -> Execution:
        """A task begins in this thread."""
        limits = self.limits_of(task, request)
        execution = Execution(delivery, task, request, limits)
        self._running[execution.thread] = execution
        if limits is not UNLIMITED:
            self._watch(execution)
        return execution

    def end(self, execution: Execution) -> None:
        """A thread is done with a task."""
        self._running.pop(execution.thread, None)
        if execution.limits.hard is not None and self._board is not None:
            self._board.clear(execution.thread)

    def limits_of(self, task: RunnableTask[Any, Any], request: Context) -> TimeLimits:
        """Return the time limits of a call."""
        asked = request.timelimit
        if asked is None or (asked[0] is None and asked[1] is None):
            if not (task.time_limit or task.soft_time_limit or self._default_limits != UNLIMITED):
                return UNLIMITED
            asked = UNLIMITED
        limits = in_force(
            TimeLimits(*asked),
            task.declared_limits,
            TimeLimits(task.time_limit, task.soft_time_limit),
            self._default_limits,
        )
        return UNLIMITED if limits == UNLIMITED else limits

    def is_revoked(self, delivery: Delivery) -> bool:
        """Whether a message that is about to be begun was revoked since it was claimed."""
        if delivery.claim.revoked or self.stamps.cover(delivery.execution):
            return True
        if not self._revoked or delivery.message_id not in self._revoked:
            return False
        self._revoked.discard(delivery.message_id)
        return True

    # -- steering, from any thread

    @property
    def running(self) -> list[Execution]:
        """The tasks that run now."""
        return [found for found in list(self._running.values()) if not found.is_settled]

    def revoke(self, task_ids: Iterable[str]) -> None:
        """See to it that those are not begun that this process has claimed and not begun yet.

        All others are the store's affair (`Engine.revoke`).
        """
        courier = None if self._worker is None else _broker(self._worker).courier
        if courier is not None:
            begun = {found.request.id for found in list(self._running.values())}
            held = {claim.task_id for claim in courier.claims}
            self._revoked |= {name for name in task_ids if name in held and name not in begun}

    def terminate(self, task_ids: Iterable[str], signal: str | int | None = None) -> list[str]:
        """End those that run here, as REVOKED; returns their ids.

        Parameters:
          signal: a name or number. Threads cannot be sent signals; but as in Celery, with SIGUSR1 the task is
            interrupted by `SoftTimeLimitExceeded`, which it may handle.

        Raises:
          ValueError: there is no such signal.
        """
        number = signal_number(signal)
        soft = number == getattr(signals, "SIGUSR1", None)
        wanted = set(task_ids)
        ended = []
        for execution in self.running:
            task_id = execution.request.id or ""
            if task_id in wanted and self._end(
                execution,
                lambda found: end_revoked(found.task, found.request, "terminated"),
                SoftTimeLimitExceeded if soft else Interruption,
            ):
                logger.info("Terminating %s (%s)", task_id, number)
                ended.append(task_id)
        return ended

    # -- the watcher

    def _watch(self, execution: Execution) -> None:
        if execution.limits.hard is not None:
            self._announce(execution)
        at = execution.next_at
        if at is not None and at < self._looks_at:
            self._look_at(at)

    def _announce(self, execution: Execution) -> None:
        """Let the keeper know when this task must have ended, should this process be unable to end it."""
        board = self._board
        if board is None:
            with self._board_lock:
                board = self._board = self._board or DeadlineBoard.of_this_process()
        claim, at = execution.delivery.claim, execution.hard_at
        assert at is not None
        board.write(execution.thread, at, claim.key, claim.token)

    def _look_at(self, at: float) -> None:
        """Let the watcher look at a time, if not before."""
        with self._changed:
            if at < self._looks_at:
                self._looks_at = at
                self._changed.notify()
            if self._watcher is None:
                self._watcher = threading.Thread(
                    target=self._keep_watch, name="taskhub-limits", daemon=True
                )
                self._watcher.start()

    def _keep_watch(self) -> None:
        while True:
            with self._changed:
                while (left := self._looks_at - monotonic()) > 0:
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))
                self._looks_at = float("inf")
            try:
                at = self._look(monotonic())
            except Exception:
                # Without a watcher no limit would be kept.
                logger.exception("time limits could not be looked after; going on")
                at = monotonic() + 1.0
            with self._changed:
                self._looks_at = min(self._looks_at, at)

    def _look(self, now: float) -> float:
        """Do what is due; returns when the next limit is reached."""
        for execution in list(self._running.values()):
            limits, at = execution.limits, execution.next_at
            if at is None or at > now:
                continue
            if execution.hard_at is not None and execution.hard_at <= now:
                self._end_overdue(execution)
            else:
                execution.soft_told = True
                if execution.interrupt(SoftTimeLimitExceeded, unless_settled=True):
                    logger.warning(
                        "Soft time limit (%ss) exceeded for %s[%s]",
                        limits.soft,
                        execution.request.task,
                        execution.request.id,
                    )
                    own_requests.soft_limit_reached(execution.task, execution.request, limits.soft)
        for execution, at in list(self._freed_by.items()):
            if self._running.get(execution.thread) is not execution:
                del self._freed_by[execution]
            elif at <= now:
                del self._freed_by[execution]
                self._give_up(execution)
        moments = [found.next_at for found in list(self._running.values())]
        return min(
            [at for at in moments if at is not None] + list(self._freed_by.values()),
            default=float("inf"),
        )

    # -- ending on behalf of a thread

    def _end_overdue(self, execution: Execution) -> None:
        self._end(
            execution,
            lambda found: end_overdue(found.task, found.request, found.limits.hard),
            Interruption,
        )

    def _end(
        self,
        execution: Execution,
        decide: Callable[[Execution], Outcome],
        error: type[BaseException],
    ) -> bool:
        """Decide an ending on behalf of a thread, and free the thread; False: it is decided already."""
        if not execution.settle():
            return False
        execution.delivery.settled = True
        # In a thread of its own: handlers of the task are users' code, and may take long.
        threading.Thread(
            target=self._finish,
            args=(execution, decide, error),
            name="taskhub-ending",
            daemon=True,
        ).start()
        return True

    def _finish(
        self,
        execution: Execution,
        decide: Callable[[Execution], Outcome],
        error: type[BaseException],
    ) -> None:
        delivery = execution.delivery
        self._freed_by[execution] = at = monotonic() + THREAD_GRACE
        self._look_at(at)
        outcome = self._decided(execution, decide)
        courier = None if self._worker is None else _broker(self._worker).courier
        if courier is None:
            # The worker has ended; what it held is run again.
            return
        courier.end(delivery, outcome, monotonic() - execution.began)
        execution.interrupt(error)
        if self._board is not None:
            while courier.holds(delivery.claim) and courier.is_alive():
                threading.Event().wait(LOOK_EVERY)
            # From now on it needs no help from outside.
            self._board.clear(execution.thread, delivery.claim.token)

    def _decided(self, execution: Execution, decide: Callable[[Execution], Outcome]) -> Outcome:
        delivery = execution.delivery
        while True:
            try:
                with entered(execution.request):
                    return endings.releasing(delivery, decide(execution))
            except OperationalError as problem:
                # Part of what follows is in the store.
                logger.warning("%s; task %s is ended later", problem, delivery.message_id)
                threading.Event().wait(1.0)
            except Exception as problem:
                logger.exception("the ending of task %s could not be decided", delivery.message_id)
                return self._reject(delivery.claim, problem)

    def _give_up(self, execution: Execution) -> None:
        """A thread does not come free."""
        thread = next(
            (found for found in threading.enumerate() if found.ident == execution.thread), None
        )
        if thread is None:
            return
        what = f"task {execution.request.task}[{execution.request.id}] was ended and its thread is stuck"
        supervision = supervised.supervision()
        if supervision is not None:
            supervision.ask_for_replacement(what, abandoned=[thread])
            return
        logger.error("%s: another thread takes its place", what)
        worker = self._worker
        if worker is not None:
            worker.workers = [other for other in worker.workers if other is not thread]
            worker._add_worker()


def _broker(worker: Worker) -> EngineBroker:
    return cast("EngineBroker", worker.broker)


def signal_number(signal: str | int | None) -> int:
    """Return the number of a signal, by default that of SIGTERM.

    Raises:
      ValueError: there is none of that name or number.
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
