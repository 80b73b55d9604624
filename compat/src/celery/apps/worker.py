"""Workers that a program starts itself: `app.Worker(queues="a").start()`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from taskhub.app import app_or_default

__all__ = ("Worker",)

#: Options of a worker -> those of the command line.
_OF_WORKERS: Mapping[str, str] = {
    "concurrency": "--concurrency",
    "pool": "--pool",
    "pool_cls": "--pool",
    "hostname": "--hostname",
    "loglevel": "--loglevel",
    "logfile": "--logfile",
    "pidfile": "--pidfile",
    "queues": "--queues",
    "exclude_queues": "--exclude-queues",
    "max_tasks_per_child": "--max-tasks-per-child",
    "max_memory_per_child": "--max-memory-per-child",
    "prefetch_multiplier": "--prefetch-multiplier",
    "time_limit": "--time-limit",
    "soft_time_limit": "--soft-time-limit",
    "autoscale": "--autoscale",
    "statedb": "--statedb",
    "schedule_filename": "--schedule-filename",
}
#: Options without a value.
_SWITCHES: Mapping[str, str] = {"beat": "--beat", "task_events": "--task-events"}


def arguments_of(
    options: Mapping[str, Any],
    known: Mapping[str, str],
    switches: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Return options, by Celery's names for them, as arguments of a command; others are left out.

    Args:
        options: Values by Celery's names.
        known: Celery's name -> option.
        switches: The same for options without a value.
    """
    found: list[str] = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        if name in switches:
            found.append(switches[name])
        elif name in known:
            values = value if isinstance(value, list | tuple | set) else [value]
            found += [known[name], ",".join(str(one) for one in values)]
    return found


class Worker:
    """A worker that runs in this process until it is stopped.

    Args:
        app: The app; None: the current one.
        options: As those of `celery worker`, by Celery's names: `queues`, `concurrency`,
            `pool`, `loglevel`, ...
    """

    def __init__(self, app: Any = None, **options: Any) -> None:
        self.app = app_or_default(app)
        self.options = options
        #: The code with which the process ends.
        self.exitcode: int | None = None

    def start(self) -> None:
        """Run the worker; returns when it has ended.

        Raises:
            SystemExit: An option is wrong.
        """
        arguments = arguments_of(self.options, _OF_WORKERS, _SWITCHES)
        self.exitcode = self.app.worker_main(["worker", *arguments])

    run = start


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
