"""Run of a task in a thread of a worker: who may end it, and when it may be interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from taskhub.execution.interruption import (
    InterruptibleCoroutine,
    Interruption,
    OnEventLoop,
    raise_in_thread,
)
from taskhub.execution.time_limits import TimeLimits

if TYPE_CHECKING:
    from taskhub.engine.dramatiq.delivery import Delivery
    from taskhub.execution.execution import Execution
    from taskhub.execution.request import Context
    from taskhub.execution.runnable import RunnableTask

#: Runs a coroutine that was made already.
_AWAIT = OnEventLoop(lambda coroutine: coroutine)


class ThreadRun:
    """A task that runs in a thread of this process.

    Its outcome is decided once, by who settles it first: its own thread, or the one that ends it on
    behalf of that. It is interrupted only while its body runs: an exception that is on its way when
    the body ends is taken back.
    """

    __slots__ = (
        "_coroutine",
        "_exposed",
        "_interrupted",
        "_lock",
        "_settled",
        "began",
        "delivery",
        "execution",
        "limits",
        "request",
        "soft_limit_raised",
        "task",
        "thread",
    )

    def __init__(
        self,
        execution: Execution,
        limits: TimeLimits,
    ) -> None:
        assert execution.delivery is not None
        self.execution = execution
        self.delivery: Delivery = execution.delivery
        self.task: RunnableTask[Any, Any] = execution.task
        self.request: Context = execution.request
        self.limits = limits
        self.thread = threading.get_ident()
        #: By `time.monotonic`.
        self.began = monotonic()
        #: Whether its soft limit has been dealt with.
        self.soft_limit_raised = False
        self._lock = threading.Lock()
        self._settled = False
        self._exposed = False
        self._interrupted = False
        self._coroutine: InterruptibleCoroutine | None = None

    @property
    def hard_at(self) -> float | None:
        """When it is to be ended (`time.monotonic`)."""
        return None if self.limits.hard is None else self.began + self.limits.hard

    @property
    def next_at(self) -> float | None:
        """When its next limit is reached (`time.monotonic`)."""
        if self._settled:
            return None
        if self.limits.soft is not None and not self.soft_limit_raised:
            soft_at = self.began + self.limits.soft
            return soft_at if self.hard_at is None else min(soft_at, self.hard_at)
        return self.hard_at

    # -- in its own thread

    def run(self, body: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Call the task's body, which may be interrupted meanwhile; a coroutine is run to its end.

        Raises:
            Interruption: somebody else has settled it.
        """
        value = self._call(body, args, kwargs)
        # An ordinary function may return one: a decorator's wrapper around a coroutine function,
        # for example. Nobody else would await it.
        return self._call(_AWAIT, (value,), {}) if type(value) is CoroutineType else value

    def _call(self, body: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if isinstance(body, OnEventLoop):
            self._coroutine = body.start(*args, **kwargs)
        try:
            with self._lock:
                self._exposed = not self._settled
            if not self._exposed:
                if self._coroutine is not None:
                    self._coroutine.close()
                raise Interruption
            return body(*args, **kwargs) if self._coroutine is None else self._coroutine.result()
        finally:
            self._cover()

    def _cover(self) -> None:
        """Interrupt it no more."""
        raised: BaseException | None = None
        while True:
            try:
                with self._lock:
                    self._exposed = False
                    if self._interrupted:
                        raise_in_thread(self.thread, None)
                break
            except BaseException as error:
                # It arrived here, instead of in the body: then it counts as raised by the body's
                # last line.
                raised = error
        if raised is not None:
            raise raised

    # -- from anywhere

    @property
    def is_settled(self) -> bool:
        """Whether its outcome is being decided, or was."""
        return self._settled

    def settle(self) -> bool:
        """Claim the decision of its outcome; return False if another thread has it."""
        with self._lock:
            settled, self._settled = self._settled, True
            return not settled

    def interrupt(self, error: type[BaseException], *, unless_settled: bool = False) -> bool:
        """Raise an exception in its body; returns whether that runs."""
        with self._lock:
            if not self._exposed or (unless_settled and self._settled):
                return False
            if self._coroutine is not None:
                self._coroutine.interrupt(error)
            else:
                self._interrupted = True
                raise_in_thread(self.thread, error)
            return True
