"""`Promise`: callbacks of results (as vine's `promise`, so far as results use it)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from taskhub.exceptions import reraise


class Promise:
    """Calls its listeners, each with what its own function returns, when it is fulfilled.

    Args:
        function: Called on fulfilment; None: the value is passed on as it came.
        on_error: Called with the exception if `function` raises, or the promise fails.
    """

    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        on_error: Callable[[BaseException], object] | None = None,
    ) -> None:
        self.function = function
        self.on_error = on_error
        self.ready = False
        self.failed = False
        self.cancelled = False
        self.value: tuple[Any, ...] | None = None
        self.reason: BaseException | None = None
        self._listeners: list[Promise] = []
        self._lock = threading.Lock()

    def then(
        self,
        callback: Callable[..., Any],
        on_error: Callable[[BaseException], object] | None = None,
    ) -> Promise:
        """Call back on fulfilment, at once if that was before.

        Returns:
            The promise of what the callback returns.
        """
        listener = callback if isinstance(callback, Promise) else Promise(callback, on_error)
        with self._lock:
            if self.cancelled:
                listener.cancel()
            elif not self.ready and not self.failed:
                self._listeners.append(listener)
                return listener
        if self.failed and self.reason is not None:
            listener.fail(self.reason)
        elif self.value is not None:
            listener(*self.value)
        return listener

    def __call__(self, *values: Any) -> Any:
        """Fulfil the promise; a second time nothing happens.

        Raises:
            Exception: What `function` raised, if there is no `on_error`.
        """
        returned: Any = None
        if self.function is not None and not (self.ready or self.cancelled):
            try:
                returned = self.function(*values)
            except Exception as error:
                return self.throw(error)
            values = (returned,)
        with self._lock:
            if self.ready or self.cancelled:
                return returned
            self.ready, self.value = True, values
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(*values)
        return returned

    def fail(self, reason: BaseException) -> None:
        """Record a failure and call the error callbacks."""
        with self._lock:
            if self.cancelled:
                return
            self.failed, self.reason = True, reason
            listeners, self._listeners = self._listeners, []
        if self.on_error is not None:
            self.on_error(reason)
        for listener in listeners:
            listener.fail(reason)

    def throw(self, reason: BaseException, traceback: TracebackType | None = None) -> None:
        """Record a failure, and raise it unless `on_error` takes care of it."""
        self.fail(reason)
        if self.on_error is None and not self.cancelled:
            reraise(type(reason), reason, traceback or reason.__traceback__)

    def cancel(self) -> None:
        """Forget all listeners; the promise will not be fulfilled."""
        with self._lock:
            self.cancelled = True
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener.cancel()
