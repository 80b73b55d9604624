"""Limits that are changed while workers run: for all workers, also for those that start later.

A change is stored together with what the code declares. When the code declares something else, the
change is dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dramatiq.middleware import Middleware

from taskhub.engine.port.rate_limiter import AT_ONCE, Rate, rate_of
from taskhub.exceptions import ImproperlyConfigured
from taskhub.execution.runnable import RunnableTask
from taskhub.rates import per_second

if TYPE_CHECKING:
    from taskhub.engine.dramatiq.broker import EngineBroker
    from taskhub.worker.node import AppOfWorker

#: The attributes of tasks that can be changed.
ATTRIBUTES = ("rate_limit", "time_limit", "soft_time_limit")


class RunTimeLimits(Middleware):
    """Sets the rate limits of a worker's tasks, and changes limits while it runs.

    Args:
        app: Has the configuration.
    """

    def __init__(self, app: AppOfWorker) -> None:
        self._app = app
        # What the tasks declare, by name.
        self._declared: dict[str, dict[str, Any]] = {}

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        """Apply the limits that are declared, and the changes that are stored.

        Raises:
            ImproperlyConfigured: The rate limit of a task is none.
            OperationalError: The store is out of reach.
        """
        rate_limiter = broker.engine.rate_limiter
        remembered = rate_limiter.stored_limits()
        for name, task in _tasks(broker):
            self._read_declared(name, task)
            if name in remembered:
                kept = self._still_valid(name, json.loads(remembered[name]))
                rate_limiter.store_limit(name, json.dumps(kept) if kept else None)
                for attribute, change in kept.items():
                    setattr(task, attribute, change["value"])
            self._apply_rate(broker, task)
        if self._app.conf.worker_disable_rate_limits:
            broker.rates.clear()
            return
        for name in rate_limiter.waiting():
            if name in self._declared:
                # These may wait by a rate that the code does not declare any more.
                rate_limiter.set_rate(name, broker.rates.get(name, AT_ONCE))

    def _read_declared(self, name: str, task: Any) -> dict[str, Any]:
        declared = {attribute: getattr(task, attribute) for attribute in ATTRIBUTES}
        self._declared[name] = declared
        return declared

    def _still_valid(self, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        declared = self._declared[name]
        return {
            attribute: change
            for attribute, change in changes.items()
            if attribute in declared and change["declared"] == declared[attribute]
        }

    @staticmethod
    def _apply_rate(broker: EngineBroker, task: RunnableTask[Any, Any]) -> Rate:
        try:
            rate = rate_of(per_second(task.rate_limit))
        except ValueError as error:
            raise ImproperlyConfigured(f"rate_limit of task {task.actor_name}: {error}") from None
        if rate == AT_ONCE:
            broker.rates.pop(task.actor_name, None)
        else:
            broker.rates[task.actor_name] = rate
        return rate

    # -- changes

    def set_rate(self, broker: EngineBroker, name: str, rate: str | float | None) -> None:
        """Change the rate limit of a task, over all workers; messages that wait follow it, too.

        Args:
            broker: The broker that has the task.
            name: The name of the task.
            rate: As in Celery, e.g. "10/m"; None: no limit.

        Raises:
            KeyError: There is no such task.
            ValueError: It is no rate.
            OperationalError: The store is out of reach.
        """
        per_second(rate)
        self._set(broker, name, {"rate_limit": rate})
        if self._app.conf.worker_disable_rate_limits:
            return
        in_force = self._apply_rate(broker, broker.actors[name])  # type: ignore[arg-type]
        broker.engine.rate_limiter.set_rate(name, in_force)

    def set_time_limits(
        self, broker: EngineBroker, name: str, hard: float | None, soft: float | None
    ) -> None:
        """Change the time limits (seconds) of the tasks of a name that begin from now on.

        Raises:
            KeyError: There is no such task.
            OperationalError: The store is out of reach.
        """
        self._set(broker, name, {"time_limit": hard, "soft_time_limit": soft})

    def _set(self, broker: EngineBroker, name: str, values: Mapping[str, Any]) -> None:
        task = broker.actors[name]
        declared = self._declared.get(name) or self._read_declared(name, task)
        rate_limiter = broker.engine.rate_limiter
        changes = json.loads(rate_limiter.stored_limits().get(name, "{}"))
        for attribute, value in values.items():
            setattr(task, attribute, value)
            changes.pop(attribute, None)
            if value != declared[attribute]:
                changes[attribute] = {"value": value, "declared": declared[attribute]}
        rate_limiter.store_limit(name, json.dumps(changes) if changes else None)


def run_time_limits_of(broker: EngineBroker) -> RunTimeLimits:
    """Return the middleware that changes the limits of a broker's tasks."""
    return next(found for found in broker.middleware if isinstance(found, RunTimeLimits))


def _tasks(broker: EngineBroker) -> Iterator[tuple[str, RunnableTask[Any, Any]]]:
    for name, actor in list(broker.actors.items()):
        if isinstance(actor, RunnableTask):
            yield name, actor
