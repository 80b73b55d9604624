"""Options that a task gives to its calls, and those that it takes from the configuration."""

from __future__ import annotations

from typing import Any

#: Options that a task gives to each of its calls.
CALL_OPTIONS = (
    "queue",
    "routing_key",
    "exchange",
    "priority",
    "expires",
    "serializer",
    "delivery_mode",
    "compression",
    "time_limit",
    "soft_time_limit",
    "immediate",
    "mandatory",
)

#: Options that a task takes from the configuration when it does not set them itself, and the
#: settings' names.
FROM_CONFIGURATION = {
    "serializer": "task_serializer",
    "rate_limit": "task_default_rate_limit",
    "priority": "task_default_priority",
    "time_limit": "task_time_limit",
    "soft_time_limit": "task_soft_time_limit",
    "track_started": "task_track_started",
    "acks_late": "task_acks_late",
    "acks_on_failure_or_timeout": "task_acks_on_failure_or_timeout",
    "acks_on_failure": "task_acks_on_failure",
    "acks_on_timeout": "task_acks_on_timeout",
    "reject_on_worker_lost": "task_reject_on_worker_lost",
    "retry_on_worker_lost": "task_retry_on_worker_lost",
    "ignore_result": "task_ignore_result",
    "store_eager_result": "task_store_eager_result",
    "store_errors_even_if_ignored": "task_store_errors_even_if_ignored",
}


class FromConfiguration:
    """An option with the configuration's value until the task sets one or is bound."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._setting = FROM_CONFIGURATION[name]

    def __get__(self, task: Any, owner: type) -> Any:
        if task is None:
            return None
        # Binding puts the value into the task; until then, the attribute binds it.
        app = task.bound_app()
        return task.__dict__.get(self._name, app.conf[self._setting])


def from_configuration() -> Any:
    """Declare an option that the configuration has, typed as its annotation says."""
    return FromConfiguration()
