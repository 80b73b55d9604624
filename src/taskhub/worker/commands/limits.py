"""Commands that change the limits of tasks while workers run."""

from __future__ import annotations

import logging
from typing import Any

from taskhub.worker.commands.panel import control_command, nok, ok
from taskhub.worker.commands.state import WorkerState

logger = logging.getLogger(__name__)

#: Seconds of the units in which rates are given.
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def per_second(rate: str | float | None) -> float:
    """Return a rate such as "5/m" in tasks per second; 0: without limit.

    Raises:
      ValueError: it is of another form.
    """
    if not rate:
        return 0.0
    if not isinstance(rate, str):
        return float(rate)
    count, _, unit = rate.partition("/")
    try:
        return float(count) / _UNITS[unit or "s"]
    except KeyError:
        raise ValueError(f"{rate!r}: the unit is one of s, m, h") from None


@control_command(
    args=[("task_name", str), ("soft", float), ("hard", float)],
    signature="<task_name> <soft_secs> [hard_secs]",
)
def time_limit(
    state: WorkerState,
    task_name: str | None = None,
    hard: float | None = None,
    soft: float | None = None,
    **kwargs: Any,
) -> dict[str, str]:
    """Tell worker(s) to modify the time limit for task by type."""
    task = state.app.tasks.get(task_name or "")
    if task is None:
        logger.error("Change time limit attempt for unknown task %s", task_name)
        return nok("unknown task")
    if hard and soft and soft > hard:
        return nok(f"the soft time limit {soft:g} is above the hard one {hard:g}")
    task.soft_time_limit = soft
    task.time_limit = hard
    logger.info("New time limits for tasks of type %s: soft=%s hard=%s", task_name, soft, hard)
    return ok("time limits set successfully")


@control_command(
    args=[("task_name", str), ("rate_limit", str)],
    signature="<task_name> <rate_limit (e.g., 5/s | 5/m | 5/h)>",
)
def rate_limit(
    state: WorkerState, task_name: str, rate_limit: str | float | None, **kwargs: Any
) -> dict[str, str]:
    """Tell worker(s) to modify the rate limit for a task by type."""
    try:
        per_second(rate_limit)
    except ValueError as error:
        return nok(f"Invalid rate limit string: {error!r}")
    task = state.app.tasks.get(task_name)
    if task is None:
        logger.error("Rate limit attempt for unknown task %s", task_name)
        return nok("unknown task")
    task.rate_limit = rate_limit
    if not rate_limit:
        logger.info("Rate limits disabled for tasks of type %s", task_name)
        return ok("rate limit disabled successfully")
    logger.info("New rate limit for tasks of type %s: %s.", task_name, rate_limit)
    return ok("new rate limit set successfully")
