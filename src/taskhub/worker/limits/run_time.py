"""Limits that are changed while workers run: they hold for all workers, also for those that start later.

What is changed is remembered in the store together with what it was declared as. When the code comes to declare
something else, the change has had its time and is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dramatiq.middleware import Middleware

from taskhub.engine.throttle import AT_ONCE, Pace, pace_of
from taskhub.exceptions import ImproperlyConfigured
from taskhub.worker.limits.rates import per_second
from taskhub.worker.runnable import RunnableTask

if TYPE_CHECKING:
    from taskhub.engine.broker import EngineBroker
    from taskhub.worker.node import AppOfWorker

#: The attributes of tasks that can be changed.
ATTRIBUTES = ("rate_limit", "time_limit", "soft_time_limit")


class RunTimeLimits(Middleware):
    """Gives a worker its tasks' rate limits, and changes limits while it runs.

    Parameters:
      app: has the configuration.
    """

    def __init__(self, app: AppOfWorker) -> None:
        self._app = app
        #: What the tasks declare, by name.
        self._declared: dict[str, dict[str, Any]] = {}

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        """Take over what is declared and what is remembered.

        Raises:
          ImproperlyConfigured: a task's rate limit is not one.
          OperationalError: the store is out of reach.
        """
        throttle = broker.engine.throttle
        remembered = throttle.remembered()
        for name, task in _tasks(broker):
            self._note(name, task)
            if name in remembered:
                kept = self._still_valid(name, json.loads(remembered[name]))
                throttle.remember(name, json.dumps(kept) if kept else None)
                for attribute, change in kept.items():
                    setattr(task, attribute, change["value"])
            self._take_rate(broker, task)
        if self._app.conf.worker_disable_rate_limits:
            broker.paces.clear()
            return
        for name in throttle.waiting():
            if name in self._declared:
                # These may wait by a rate that the code does not declare any more.
                throttle.set_pace(name, broker.paces.get(name, AT_ONCE))

    def _note(self, name: str, task: Any) -> dict[str, Any]:
        noted = {attribute: getattr(task, attribute) for attribute in ATTRIBUTES}
        self._declared[name] = noted
        return noted

    def _still_valid(self, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        declared = self._declared[name]
        return {
            attribute: change
            for attribute, change in changes.items()
            if attribute in declared and change["declared"] == declared[attribute]
        }

    @staticmethod
    def _take_rate(broker: EngineBroker, task: RunnableTask[Any, Any]) -> Pace:
        try:
            pace = pace_of(per_second(task.rate_limit))
        except ValueError as error:
            raise ImproperlyConfigured(f"rate_limit of task {task.actor_name}: {error}") from None
        if pace == AT_ONCE:
            broker.paces.pop(task.actor_name, None)
        else:
            broker.paces[task.actor_name] = pace
        return pace

    # -- steering

    def set_rate(self, broker: EngineBroker, name: str, rate: str | float | None) -> None:
        """Change how fast the tasks of a name begin, over all workers; also those that wait already.

        Raises:
          KeyError: there is no such task.
          ValueError: it is no rate.
          OperationalError: the store is out of reach.
        """
        per_second(rate)
        self._set(broker, name, {"rate_limit": rate})
        if self._app.conf.worker_disable_rate_limits:
            return
        pace = self._take_rate(broker, broker.actors[name])  # type: ignore[arg-type]
        broker.engine.throttle.set_pace(name, pace)

    def set_time_limits(
        self, broker: EngineBroker, name: str, hard: float | None, soft: float | None
    ) -> None:
        """Change the time limits (seconds) of the tasks of a name that begin from now on.

        Raises:
          KeyError: there is no such task.
          OperationalError: the store is out of reach.
        """
        self._set(broker, name, {"time_limit": hard, "soft_time_limit": soft})

    def _set(self, broker: EngineBroker, name: str, values: Mapping[str, Any]) -> None:
        task = broker.actors[name]
        declared = self._declared.get(name) or self._note(name, task)
        throttle = broker.engine.throttle
        changes = json.loads(throttle.remembered().get(name, "{}"))
        for attribute, value in values.items():
            setattr(task, attribute, value)
            changes.pop(attribute, None)
            if value != declared[attribute]:
                changes[attribute] = {"value": value, "declared": declared[attribute]}
        throttle.remember(name, json.dumps(changes) if changes else None)


def run_time_limits_of(broker: EngineBroker) -> RunTimeLimits:
    """Return what changes the limits of a broker's tasks."""
    return next(found for found in broker.middleware if isinstance(found, RunTimeLimits))


def _tasks(broker: EngineBroker) -> Iterator[tuple[str, RunnableTask[Any, Any]]]:
    for name, actor in list(broker.actors.items()):
        if isinstance(actor, RunnableTask):
            yield name, actor
