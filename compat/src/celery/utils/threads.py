"""Threads and what belongs to one (as `celery.utils.threads`)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from socket import getdefaulttimeout, setdefaulttimeout
from typing import Any

from celery._unsupported import unsupported_getattr

__all__ = ("Local", "LocalStack", "bgThread", "default_socket_timeout", "get_ident")

Local = threading.local
get_ident = threading.get_ident


class LocalStack:
    """A stack that each thread, and each coroutine, has for itself."""

    def __init__(self) -> None:
        self._items: ContextVar[tuple[Any, ...]] = ContextVar("celery_local_stack", default=())

    def push(self, obj: Any) -> list[Any]:
        """Put an object on top."""
        self._items.set((*self._items.get(), obj))
        return self.stack

    def pop(self) -> Any:
        """Take the top one away and return it; None if there is none."""
        items = self._items.get()
        self._items.set(items[:-1])
        return items[-1] if items else None

    @property
    def stack(self) -> list[Any]:
        """The objects, the top one last."""
        return list(self._items.get())

    @property
    def top(self) -> Any:
        """The object on top; None if there is none."""
        items = self._items.get()
        return items[-1] if items else None

    def __len__(self) -> int:
        return len(self._items.get())


class bgThread(threading.Thread):
    """A thread that calls `body` again and again until it is stopped; subclasses define it."""

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name or type(self).__name__, daemon=True)
        self._stop_requested = threading.Event()

    def body(self) -> None:
        """Do one step.

        Raises:
            NotImplementedError: It was not defined.
        """
        raise NotImplementedError("subclass responsibility")

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:
        """Called with what `body` has raised, as a log message; the thread goes on."""
        logging.getLogger("taskhub").error(msg, *fmt)

    def run(self) -> None:
        """Call `body` until the thread is stopped."""
        while not self._stop_requested.is_set():
            try:
                self.body()
            except Exception as error:
                self.on_crash("%r crashed: %r", self.name, error)

    def stop(self) -> None:
        """Ask the thread to end, and wait until it has."""
        self._stop_requested.set()
        if self.is_alive() and self is not threading.current_thread():
            self.join(1e9)


@contextmanager
def default_socket_timeout(timeout: float | None) -> Generator[None]:
    """Set the time that new sockets wait, seconds, for the length of a block."""
    before = getdefaulttimeout()
    setdefaulttimeout(timeout)
    try:
        yield
    finally:
        setdefaulttimeout(before)


__getattr__ = unsupported_getattr(__name__)
