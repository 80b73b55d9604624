"""Signals across forks: a forked child gets the default handlers, and loses no signal."""

from __future__ import annotations

import os
import signal
import threading


class ForkSignals:
    """Resets signal handlers in forked children of a worker process.

    `multiprocessing.Process.terminate()` may send a signal before the child has executed any Python
    code: it is blocked until the handlers are reset.
    """

    def __init__(self) -> None:
        self._masks = threading.local()
        os.register_at_fork(
            before=self._block, after_in_parent=self._unblock, after_in_child=self._reset
        )

    def _block(self) -> None:
        self._masks.before = signal.pthread_sigmask(
            signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGQUIT)
        )

    def _unblock(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._masks.before)

    def _reset(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        self._unblock()
