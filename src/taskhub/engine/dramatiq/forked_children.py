"""Child processes that a task forks (`os.fork()`): they end with its body."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from functools import cache
from typing import NoReturn

logger = logging.getLogger(__name__)


@cache
def _register() -> None:
    # Once: the interpreter forgets no hook.
    os.register_at_fork(after_in_child=_ForkMark.set)


class _ForkMark:
    is_child = False

    @classmethod
    def set(cls) -> None:
        cls.is_child = True


def watch_forks() -> None:
    """Mark the children that this process forks from now on as those of a worker process."""
    _ForkMark.is_child = False
    _register()


def end_if_forked_child(error: BaseException | None) -> None:
    """End this process if it is a child of a worker process, as `end_forked_child`.

    Makes no system call (`os.getpid`): it is called for each message.
    """
    if _ForkMark.is_child:
        end_forked_child(error)


def end_forked_child(error: BaseException | None) -> NoReturn:
    """End this process, which is a copy of a worker process made by one of its tasks.

    The message, the lease and the connections are the worker's: its own copy of the body ends the
    task. Exit handlers are the worker's, too, and are not called.

    Args:
        error: What the body raised in this process; None: it has returned.
    """
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        code = 1
    try:
        if error is not None and (code or not isinstance(error, SystemExit)):
            logger.error(
                "process %d, which a task forked, ends: %r", os.getpid(), error, exc_info=error
            )
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            if stream is not None:
                with suppress(Exception):
                    stream.flush()
    finally:
        os._exit(code & 0xFF)
