"""What works under Celery's name and means something else: of settings, options of tasks, and options of calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ("CALL_OPTIONS", "SETTINGS", "TASK_OPTIONS", "TRANSPORT_OPTIONS", "Meaning")


class Meaning(NamedTuple):
    """What differs, and what to do about it."""

    message: str
    advice: str


_PRIORITY = Meaning(
    "9 is first, over the whole queue; with Celery on Redis 0 is first. Without a priority a call counts as 5",
    "if the numbers were chosen for Redis, turn them around: 9 - priority",
)
_RATE = Meaning(
    "the limit counts over all workers, not for each of them",
    "multiply it by the number of workers that used to run",
)
_JSON = Meaning(
    "results are always written as JSON; a value that JSON can't hold fails the task with EncodeError",
    "return values that JSON has; arguments may still be pickled, if accept_content names pickle",
)
_LINK = Meaning(
    "Celery ignores it in the decorator; here it is added to every call",
    "remove it if that is not meant",
)
_LATER = Meaning(
    "calls for later wait in the store, however long, and no visibility timeout delivers them twice",
    "nothing; a guard against second runs after the visibility timeout can go",
)

#: Settings that are honoured and mean something else.
SETTINGS: Final[Mapping[str, Meaning]] = {
    "task_acks_late": Meaning(
        "tasks are acknowledged when they end unless this is set to False",
        "leave it out; keep False only where a task must never run twice",
    ),
    "task_default_priority": _PRIORITY,
    "task_default_rate_limit": _RATE,
    "worker_prefetch_multiplier": Meaning(
        "by itself a worker holds about 50 ms of work; if set, this is a bound for each thread",
        "leave it out, unless a bound is needed",
    ),
    "worker_concurrency": Meaning(
        "tasks run in threads of a few processes, not in one process each",
        "see that tasks can run in threads, or start workers with -P prefork (one thread in each process)",
    ),
    "worker_max_tasks_per_child": Meaning(
        "at least so many: a process works on until the next one is ready",
        "nothing, if it is a guard against leaks",
    ),
    "worker_max_memory_per_child": Meaning(
        "resident memory now counts, not the most that ever was",
        "nothing, if it is a guard against leaks",
    ),
    "result_serializer": _JSON,
    "broker_connection_max_retries": Meaning(
        "it bounds the tries of a worker that starts; running workers always connect again",
        "let the service manager start workers again that end",
    ),
}

#: Options of the connection that have no meaning here (kombu's).
TRANSPORT_OPTIONS: Final[Mapping[str, str]] = {
    "visibility_timeout": "workers hold leases: what a lost one had is given back after lease_seconds",
    "priority_steps": "priorities are from 0 to 9 on every queue",
    "queue_order_strategy": "priority and age order all queues of a worker",
    "sep": "priorities have no queues of their own",
    "global_keyprefix": "set taskhub_namespace: every key begins with it",
    "fanout_prefix": "there are no exchanges",
    "fanout_patterns": "there are no exchanges",
    "polling_interval": "idle workers wait for a bell, they do not poll",
    "unacked_restore_limit": "workers hold leases",
    "confirm_publish": "a call is stored when it returns",
    "region": "there is no SQS",
    "predefined_queues": "there is no SQS",
    "wait_time_seconds": "there is no SQS",
}

#: Options of decorators and attributes of task classes.
TASK_OPTIONS: Final[Mapping[str, Meaning]] = {
    "acks_late": Meaning(
        "True is what happens anyway; False acknowledges before the task runs, and a crash stores FAILURE",
        "leave it out, unless the task must never run twice",
    ),
    "priority": _PRIORITY,
    "rate_limit": _RATE,
    "link": _LINK,
    "link_error": _LINK,
    "acks_on_failure_or_timeout": Meaning(
        "a task's end and its acknowledgement are one step", "remove it"
    ),
    "acks_on_failure": Meaning("a task's end and its acknowledgement are one step", "remove it"),
    "acks_on_timeout": Meaning("a task's end and its acknowledgement are one step", "remove it"),
    "reject_on_worker_lost": Meaning(
        "a task lost with its worker always runs again, at most task_max_deliveries times",
        "remove it",
    ),
    "retry_on_worker_lost": Meaning(
        "a task lost with its worker always runs again, at most task_max_deliveries times",
        "remove it",
    ),
    "soft_time_limit": Meaning(
        "SoftTimeLimitExceeded is raised in the task's thread when C code returns, not by a signal",
        "give calls that block (sockets, locks) timeouts of their own",
    ),
    "compression": Meaning("messages are not compressed", "remove it"),
    "backend": Meaning("results are kept in the app's store", "remove it, or set result_backend"),
}

#: Options of `apply_async`, `send_task` and `Signature.set`.
CALL_OPTIONS: Final[Mapping[str, Meaning]] = {
    "priority": _PRIORITY,
    "countdown": _LATER,
    "eta": _LATER,
    "compression": Meaning("messages are not compressed", "remove it"),
    "producer": Meaning("there is one engine behind an app", "remove it"),
    "connection": Meaning("there is one engine behind an app", "remove it"),
    "publisher": Meaning("there is one engine behind an app", "remove it"),
    "delivery_mode": Meaning("messages are kept as the store keeps its data", "remove it"),
    "exchange": Meaning(
        "there are no exchanges: it is looked up in task_queues to find a queue's name",
        "give queue= instead",
    ),
    "mandatory": Meaning("a queue need not be declared", "remove it"),
    "immediate": Meaning("a queue need not be declared", "remove it"),
}
