"""Rules for settings, task options and call options that work but differ from Celery's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ("CALL_OPTIONS", "PRIORITY", "SETTINGS", "TASK_OPTIONS", "Rule")


class Rule(NamedTuple):
    """What differs, and what to do about it."""

    message: str
    advice: str


#: Of priorities, where nothing says that 0 is to be first.
PRIORITY: Final = Rule(
    "9 is first, over the whole queue; with Celery on Redis 0 is first. Without a priority a call "
    "counts as 5",
    "if the numbers were chosen for Redis, set broker_transport_options = "
    "{'queue_order_strategy': 'priority'}, and 0 is first as there; for RabbitMQ they are right",
)
_RATE = Rule(
    "the limit counts over all workers, not for each of them",
    "multiply it by the number of workers that used to run",
)
_JSON = Rule(
    "results are always written as JSON; a value that JSON can't hold fails the task with "
    "EncodeError",
    "return values that JSON has; arguments may still be pickled, if accept_content names pickle",
)
_LINK = Rule(
    "Celery ignores it in the decorator; here it is added to every call",
    "remove it if that is not meant",
)
#: Settings that are honoured and mean something else.
SETTINGS: Final[Mapping[str, Rule]] = {
    "task_acks_late": Rule(
        "tasks are acknowledged when they end unless this is set to False",
        "leave it out; keep False only where a task must never run twice",
    ),
    "task_default_priority": PRIORITY,
    "task_default_rate_limit": _RATE,
    "worker_prefetch_multiplier": Rule(
        "by itself a worker holds about 50 ms of work; if set, this is a bound for each thread",
        "leave it out, unless a bound is needed",
    ),
    "worker_max_tasks_per_child": Rule(
        "at least so many: a process works on until the next one is ready",
        "nothing, if it is a guard against leaks",
    ),
    "worker_max_memory_per_child": Rule(
        "resident memory now counts, not the most that ever was",
        "nothing, if it is a guard against leaks",
    ),
    "result_serializer": _JSON,
    "broker_connection_max_retries": Rule(
        "it bounds the tries of a worker that starts; running workers always connect again",
        "let the service manager start workers again that end",
    ),
}

#: Options of decorators and attributes of task classes.
TASK_OPTIONS: Final[Mapping[str, Rule]] = {
    "acks_late": Rule(
        "True is what happens anyway; False acknowledges before the task runs, and a crash stores "
        "FAILURE",
        "leave it out, unless the task must never run twice",
    ),
    "priority": PRIORITY,
    "rate_limit": _RATE,
    "link": _LINK,
    "link_error": _LINK,
    "acks_on_failure_or_timeout": Rule(
        "a task's end and its acknowledgement are one step", "remove it"
    ),
    "acks_on_failure": Rule("a task's end and its acknowledgement are one step", "remove it"),
    "acks_on_timeout": Rule("a task's end and its acknowledgement are one step", "remove it"),
    "reject_on_worker_lost": Rule(
        "a task lost with its worker always runs again, at most task_max_deliveries times",
        "remove it",
    ),
    "retry_on_worker_lost": Rule(
        "a task lost with its worker always runs again, at most task_max_deliveries times",
        "remove it",
    ),
    "soft_time_limit": Rule(
        "SoftTimeLimitExceeded is raised in the task's thread when C code returns, not by a signal",
        "give calls that block (sockets, locks) timeouts of their own",
    ),
    "compression": Rule("messages are not compressed", "remove it"),
    "backend": Rule("results are kept in the app's store", "remove it, or set result_backend"),
}

#: Options of `apply_async`, `send_task` and `Signature.set`.
CALL_OPTIONS: Final[Mapping[str, Rule]] = {
    "priority": PRIORITY,
    "compression": Rule("messages are not compressed", "remove it"),
    "producer": Rule("there is one engine behind an app", "remove it"),
    "connection": Rule("there is one engine behind an app", "remove it"),
    "publisher": Rule("there is one engine behind an app", "remove it"),
    "delivery_mode": Rule("messages are kept as the store keeps its data", "remove it"),
    "exchange": Rule(
        "there are no exchanges: it is looked up in task_queues to find a queue's name",
        "give queue= instead",
    ),
    "mandatory": Rule("a queue need not be declared", "remove it"),
    "immediate": Rule("a queue need not be declared", "remove it"),
}
