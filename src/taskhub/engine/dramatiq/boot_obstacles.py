"""Obstacles at the start of a worker: green threads, and errors whose text says all."""

from __future__ import annotations

import logging
import sys

from taskhub.engine.dramatiq import internals
from taskhub.exceptions import ImproperlyConfigured, OperationalError

logger = logging.getLogger(__name__)

#: Exit codes, as those of Dramatiq's command line for what cannot be imported or reached.
_USAGE = 2
_UNREACHABLE = 3


def check_green_threads() -> None:
    """Refuse a process whose threads gevent or eventlet has replaced.

    Raises:
        ImproperlyConfigured: It is one.
    """
    library = _patching_library()
    if library is not None:
        raise ImproperlyConfigured(
            f"workers cannot run under {library}: their time limits, leases and coroutines need "
            "real threads; start `dramatiq` or `taskhub worker`, not `dramatiq-gevent`, without "
            "monkey.patch_all() and monkey_patch(), and with more threads if the actors wait a lot"
        )


def check_patched_in_time() -> None:
    """Refuse gevent's patches in a program that had imported Dramatiq before.

    Dramatiq cannot make its middleware then, and would raise a `NameError`.

    Raises:
        ImproperlyConfigured: It is such a program.
    """
    if internals.is_patched_late():
        raise ImproperlyConfigured(
            "gevent.monkey.patch_all() came after the import of dramatiq, which cannot bear it: "
            "call it before all other imports; workers run without it"
        )


def end_if_explained(error: Exception) -> None:
    """End a worker process of Dramatiq's command line with one line, if an error's text says all.

    Such a process shows a traceback of whatever else is raised in it.

    Raises:
        SystemExit: The process is one, and the error about settings or the store.
    """
    if not internals.is_command_line_process():
        return
    if isinstance(error, OperationalError):
        code = _UNREACHABLE
    elif isinstance(error, ImproperlyConfigured):
        code = _USAGE
    else:
        return
    logger.critical("the worker cannot start: %s", error)
    # For `dramatiq -v`.
    logger.debug("where it was raised", exc_info=error)
    raise SystemExit(code) from error


def _patching_library() -> str | None:
    if internals.is_gevent_active():
        return "gevent"
    eventlet = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return "eventlet"
    return None
