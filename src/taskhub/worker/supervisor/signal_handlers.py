"""Signal handlers of a supervisor: which signals it handles, and waking its selector."""

from __future__ import annotations

import selectors
import signal
import socket
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

Handler = Callable[[int, object], object]


def supervisor_handlers(on_stop: Handler, on_reload: Handler) -> dict[signal.Signals, Handler]:
    """Return the handlers of the signals that a supervisor handles.

    Without a terminal SIGHUP asks for a reload, as in Celery; with one it ends what runs in it.
    Under nohup it stays ignored. SIGINT is handled even where a shell's `&` ignored it.
    """
    stopping = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
    handlers: dict[signal.Signals, Handler] = dict.fromkeys(stopping, on_stop)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        handlers[signal.SIGHUP] = on_stop if _has_terminal() else on_reload
    return handlers


@contextmanager
def signals_handled(
    selector: selectors.BaseSelector, handlers: Mapping[signal.Signals, Handler]
) -> Generator[None]:
    """Call these handlers during a block, in the main thread; a signal ends the selector's wait."""
    inner, outer = socket.socketpair()
    inner.setblocking(False)
    outer.setblocking(False)
    # The byte of a signal; its handler has run.
    selector.register(inner, selectors.EVENT_READ, lambda: inner.recv(4096))
    before = {number: signal.getsignal(number) for number in handlers}
    wakeup = signal.set_wakeup_fd(outer.fileno(), warn_on_full_buffer=False)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
        signal.set_wakeup_fd(wakeup)
        selector.unregister(inner)
        inner.close()
        outer.close()


def _has_terminal() -> bool:
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
