"""Which time limits apply to a call: pure decisions."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple


class TimeLimits(NamedTuple):
    """How long a call may run, seconds; None: without limit."""

    #: When it is ended.
    hard: float | None = None
    #: When `SoftTimeLimitExceeded` is raised in it.
    soft: float | None = None


UNLIMITED = TimeLimits()


def seconds(value: float | timedelta | None) -> float | None:
    """Return a limit as it was set, in seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def in_force(
    requested: TimeLimits, declared: TimeLimits, present: TimeLimits, default: TimeLimits
) -> TimeLimits:
    """Return the limits of one call. Zero is no limit, as in Celery.

    A message carries the limits of its call, and where that named none, those that the caller's
    task declares. Limits equal to what the task declares here are therefore the task's, and give
    way when those are changed at run time.

    Args:
        requested: what the message carries.
        declared: what the task said when it was bound to its app.
        present: what is set on the task now; it differs after the control command `time_limit`.
        default: what the worker was started with, for tasks without limits.
    """
    return TimeLimits(
        _in_force(requested.hard, declared.hard, present.hard, default.hard),
        _in_force(requested.soft, declared.soft, present.soft, default.soft),
    )


def _in_force(
    requested: float | None, declared: float | None, present: float | None, default: float | None
) -> float | None:
    if requested and requested != declared:
        return requested
    if present:
        return present
    # A limit that was taken away at run time is gone; the default is for tasks that never had one.
    return None if declared else (default or None)
