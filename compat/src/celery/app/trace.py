"""Running tasks through what monitoring libraries wrap around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from taskhub.states import EXCEPTION_STATES, FAILURE, IGNORED, REJECTED, RETRY, STARTED, SUCCESS
from taskhub.task.trace import TraceInfo, build_tracer, task_has_custom, trace_ok_t

__all__ = (
    "EXCEPTION_STATES",
    "FAILURE",
    "IGNORED",
    "IGNORE_STATES",
    "REJECTED",
    "RETRY",
    "STARTED",
    "SUCCESS",
    "TraceInfo",
    "build_tracer",
    "get_task_name",
    "reset_worker_optimizations",
    "setup_worker_optimizations",
    "task_has_custom",
    "trace_ok_t",
)

#: States without a result.
IGNORE_STATES = frozenset({IGNORED, RETRY, REJECTED})


def get_task_name(request: Any, default: str) -> str:
    """Return the name under which a call is shown."""
    return getattr(request, "shadow", None) or default


def setup_worker_optimizations(app: Any, hostname: str | None = None) -> None:
    """Do nothing: there is no slower way to run tasks."""


def reset_worker_optimizations(app: Any = None) -> None:
    """Do nothing, see `setup_worker_optimizations`."""


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
