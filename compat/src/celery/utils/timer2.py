"""A timer thread for bootsteps: calls at a time, once or repeatedly."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from celery._unsupported import unsupported_getattr

__all__ = ("Entry", "Timer")

logger = logging.getLogger("taskhub.worker")


class Entry:
    """A call that a timer makes; `cancel()` takes it back.

    Args:
        fun, args, kwargs: The call.
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.fun, self.args, self.kwargs = fun, tuple(args or ()), dict(kwargs or {})
        self.canceled = False

    cancelled = property(lambda self: self.canceled)

    def __call__(self) -> Any:
        return self.fun(*self.args, **self.kwargs)

    def cancel(self) -> None:
        """Take the call back."""
        self.canceled = True


#: Within the timer the name is that of its attribute.
Call: TypeAlias = Entry


class Timer:
    """Calls functions at a time, once or repeatedly; its thread starts with the first entry."""

    Entry = Entry

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._calls: list[tuple[float, int, Call]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def call_after(
        self,
        secs: float,
        fun: Callable[..., Any],
        args: Sequence[Any] | None = (),
        kwargs: Mapping[str, Any] | None = None,
        priority: int = 0,
    ) -> Call:
        """Call a function in so many seconds."""
        return self.enter_after(secs, Entry(fun, args, kwargs), priority)

    def call_at(
        self,
        eta: datetime | float,
        fun: Callable[..., Any],
        args: Sequence[Any] | None = (),
        kwargs: Mapping[str, Any] | None = None,
        priority: int = 0,
    ) -> Call:
        """Call a function at a time, given as such or in seconds since the epoch."""
        at = eta.timestamp() if isinstance(eta, datetime) else eta
        return self.call_after(at - time.time(), fun, args, kwargs, priority)

    def call_repeatedly(
        self,
        secs: float,
        fun: Callable[..., Any],
        args: Sequence[Any] | None = (),
        kwargs: Mapping[str, Any] | None = None,
        priority: int = 0,
    ) -> Call:
        """Call a function every so many seconds, until the entry that is returned is cancelled."""

        def again() -> None:
            try:
                fun(*(args or ()), **(kwargs or {}))
            finally:
                if not entry.canceled:
                    self.enter_after(secs, entry, priority)

        entry = Entry(again)
        return self.enter_after(secs, entry, priority)

    def enter_after(self, secs: float, entry: Call, priority: int = 0) -> Call:
        """Make a call in so many seconds."""
        with self._changed:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="timer", daemon=True)
                self._thread.start()
            heapq.heappush(self._calls, (time.monotonic() + secs, next(self._count), entry))
            self._changed.notify()
        return entry

    def cancel(self, tref: Call) -> None:
        """Take a call back."""
        tref.cancel()

    def clear(self) -> None:
        """Take all calls back."""
        with self._changed:
            self._calls.clear()

    def stop(self) -> None:
        """Make no more calls; waits for the one that is being made."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(10)

    def _run(self) -> None:
        while True:
            with self._changed:
                wait = self._calls[0][0] - time.monotonic() if self._calls else None
                if self._stopped:
                    return
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                entry = heapq.heappop(self._calls)[2]
            if not entry.canceled:
                try:
                    entry()
                except Exception:
                    logger.exception("a call of the timer failed")


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
