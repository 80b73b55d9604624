"""Commands that change the limits of tasks while workers run."""

from __future__ import annotations

import logging
from typing import Any

from taskhub.rates import per_second
from taskhub.worker.control.panel import control_command, nok, ok
from taskhub.worker.control.state import WorkerState
from taskhub.worker.limits.run_time import run_time_limits_of

logger = logging.getLogger(__name__)


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
    if state.app.tasks.get(task_name or "") is None:
        logger.error("Change time limit attempt for unknown task %s", task_name)
        return nok("unknown task")
    if hard and soft and soft > hard:
        return nok(f"the soft time limit {soft:g} is above the hard one {hard:g}")
    run_time_limits_of(state.broker).set_time_limits(state.broker, task_name or "", hard, soft)
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
    if state.app.tasks.get(task_name) is None:
        logger.error("Rate limit attempt for unknown task %s", task_name)
        return nok("unknown task")
    run_time_limits_of(state.broker).set_rate(state.broker, task_name, rate_limit)
    if not rate_limit:
        logger.info("Rate limits disabled for tasks of type %s", task_name)
        return ok("rate limit disabled successfully")
    logger.info("New rate limit for tasks of type %s: %s.", task_name, rate_limit)
    return ok("new rate limit set successfully")
