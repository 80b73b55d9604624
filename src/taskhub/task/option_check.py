"""Checks of a task's options, and a warning of misspelt ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from taskhub.call.options import CHECKS, near_options
from taskhub.call.values import check_number, check_seconds
from taskhub.exceptions import ConfigurationWarning, ImproperlyConfigured
from taskhub.names import check_name

#: Options that are not attributes of every task.
_OTHERS = (
    *("autoretry_for", "dont_autoretry_for", "retry_kwargs", "retry_backoff", "retry_backoff_max"),
    *("retry_jitter", "queue", "routing_key", "exchange", "delivery_mode", "compression", "bind"),
    *("base", "shared", "lazy", "filter", "link", "link_error", "pydantic", "pydantic_strict"),
    *("pydantic_context", "pydantic_dump_kwargs", "from_config", "immediate", "mandatory"),
)
#: Option of a task -> what checks it; those that it gives to its calls are checked as theirs.
_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    **{
        name: CHECKS[name]
        for name in (
            *("queue", "routing_key", "exchange", "priority", "expires", "serializer"),
            *("compression", "time_limit", "soft_time_limit", "enqueue_on_commit"),
        )
    },
    "max_retries": check_number,
    "default_retry_delay": check_seconds,
    "resultrepr_maxsize": check_number,
}


def check_task(task: Any) -> None:
    """Check the options of a task: those of its declaration, its class, and the settings.

    Raises:
        ImproperlyConfigured: One cannot be used; the message names task and option.
    """
    try:
        check_name("the name", task.name)
        for option, check in _CHECKS.items():
            value = getattr(task, option, None)
            if value is not None:
                check(option, value)
    except (TypeError, ValueError, OverflowError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"task {task.name!r:.200}: {error}") from error


def warn_of_misspelt(task: str, base: type, options: Iterable[str], stacklevel: int) -> None:
    """Warn of options of a task's declaration that are none, but resemble one.

    Others are attributes of the task, as in Celery.

    Args:
        task: The task's name.
        base: Its class; what that has is an option.
        options: The names that were given.
        stacklevel: As of `warnings.warn`.
    """
    unknown = [name for name in options if not hasattr(base, name) and name not in _OTHERS]
    if not unknown:
        return
    known = [*_OTHERS, *(name for name in dir(base) if not name.startswith("_"))]
    for name in unknown:
        near = near_options(name, known)
        if near and not name.startswith("_"):
            warnings.warn(
                ConfigurationWarning(
                    f"task {task!r}: {name}= is no option of a task: it has no effect but to be an "
                    f"attribute. Did you mean {near[0]}=?"
                ),
                stacklevel=stacklevel,
            )
