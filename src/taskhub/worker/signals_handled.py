"""Handling signals beside a selector: a signal ends its wait."""

from __future__ import annotations

import selectors
import signal
import socket
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager


@contextmanager
def signals_handled(
    selector: selectors.BaseSelector,
    handlers: Mapping[signal.Signals, Callable[[int, object], object]],
) -> Generator[None]:
    """Call these handlers while the block lasts; for the main thread.

    The selector's data for the socket that ends its wait is to be called when that is readable.
    """
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
