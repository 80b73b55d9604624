"""One run of a task: who may end it, and when it may be interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from taskhub.worker.limits.interrupting import (
    InterruptibleCoroutine,
    Interruption,
    OnEventLoop,
    raise_in_thread,
)
from taskhub.worker.limits.time_limits import TimeLimits

if TYPE_CHECKING:
    from taskhub.engine.delivery import Delivery
    from taskhub.worker.context import Context
    from taskhub.worker.runnable import RunnableTask


class Execution:
    """A task that runs in a thread of this process.

    Its ending is decided once, by whoever settles it first: its own thread, or the one that ends it on its behalf. It
    is interrupted only while its body runs: an exception on its way when the body ends is taken back.
    """

    __slots__ = (
        "_coroutine",
        "_exposed",
        "_interrupted",
        "_lock",
        "_settled",
        "began",
        "delivery",
        "limits",
        "request",
        "soft_told",
        "task",
        "thread",
    )

    def __init__(
        self,
        delivery: Delivery,
        task: RunnableTask[Any, Any],
        request: Context,
        limits: TimeLimits,
    ) -> None:
        self.delivery = delivery
        self.task = task
        self.request = request
        self.limits = limits
        self.thread = threading.get_ident()
        #: By `time.monotonic`.
        self.began = monotonic()
        #: Whether its soft limit has been dealt with.
        self.soft_told = False
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
        if self.limits.soft is not None and not self.soft_told:
            soft_at = self.began + self.limits.soft
            return soft_at if self.hard_at is None else min(soft_at, self.hard_at)
        return self.hard_at

    # -- in its own thread

    def run(self, body: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Call the task's body, which may be interrupted meanwhile.

        Raises:
          Interruption: somebody else has settled it.
        """
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
                # It arrived here, instead of in the body: then it counts as raised by the body's last line.
                raised = error
        if raised is not None:
            raise raised

    # -- from anywhere

    @property
    def is_settled(self) -> bool:
        """Whether somebody decides its ending, or has."""
        return self._settled

    def settle(self) -> bool:
        """Take it upon oneself to decide its ending; returns whether nobody else has."""
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
