"""Settings of tasks."""

from __future__ import annotations

from taskhub.config.setting import (
    ANY,
    BOOLEAN,
    INTEGER,
    MAPPING,
    NAME,
    SECONDS,
    TEXT,
    Setting,
    honoured,
    without_effect,
)

__all__ = ("SETTINGS",)

_NO_AMQP = "There is no AMQP here: a queue is a name in the store."
_ONE_STEP = "A task's end and its acknowledgement are one step."
_RUNS_AGAIN = "A task lost with its worker runs again, at most task_max_deliveries times."
_RETRY_POLICY = {"max_retries": 3, "interval_start": 0, "interval_max": 1, "interval_step": 0.2}

SETTINGS: tuple[Setting, ...] = (
    honoured(
        "task_acks_late",
        False,
        BOOLEAN,
        "Whether a task lost with its worker runs again. It does, unless this is set to False.",
    ),
    *without_effect(
        _ONE_STEP,
        task_acks_on_failure_or_timeout=True,
        task_acks_on_failure=None,
        task_acks_on_timeout=None,
    ),
    honoured(
        "task_always_eager", False, BOOLEAN, "Whether calls run the task in the caller, at once."
    ),
    honoured(
        "task_annotations",
        None,
        ANY,
        'Attributes that tasks get when they are bound: by name, or for all of them as "*".',
    ),
    *without_effect("Not in effect yet: messages are not compressed.", task_compression=None),
    honoured(
        "task_create_missing_queues",
        True,
        BOOLEAN,
        "Whether queues that task_queues lacks may be used.",
    ),
    *without_effect(
        _NO_AMQP,
        task_create_missing_queue_type="classic",
        task_create_missing_queue_exchange_type=None,
        task_default_delivery_mode=2,
        task_default_queue_type="classic",
        task_default_exchange=None,
        task_default_exchange_type="direct",
        task_default_routing_key=None,
    ),
    honoured(
        "task_inherit_parent_priority",
        False,
        BOOLEAN,
        "Whether a task called by a task has its priority, unless it has one of its own.",
    ),
    honoured("task_default_queue", "celery", NAME, "The queue of tasks that nothing else routes."),
    honoured(
        "task_default_rate_limit",
        None,
        ANY,
        'How many of a task may begin, e.g. "100/m", over all workers; for tasks without a '
        "rate_limit of their own.",
    ),
    honoured(
        "task_default_priority",
        None,
        INTEGER,
        "From 0 to 9, 9 first. None: not set, which counts as 5.",
    ),
    honoured(
        "task_eager_propagates",
        False,
        BOOLEAN,
        "Whether a task that runs eagerly raises its exception to the caller.",
    ),
    honoured("task_ignore_result", False, BOOLEAN, "Whether results are not stored."),
    honoured(
        "task_store_eager_result",
        False,
        BOOLEAN,
        "Whether results of tasks that run eagerly are stored.",
    ),
    *without_effect("Messages are Dramatiq's.", task_protocol=2),
    honoured(
        "task_publish_retry",
        True,
        BOOLEAN,
        "Whether sending is tried again when the store can't be reached.",
    ),
    honoured(
        "task_publish_retry_policy",
        _RETRY_POLICY,
        MAPPING,
        "max_retries, and interval_start, interval_step, interval_max in seconds.",
    ),
    honoured("task_queues", None, ANY, "The queues that exist: names, or kombu's Queue objects."),
    *without_effect("Priorities are from 0 to 9 on every queue.", task_queue_max_priority=None),
    *without_effect(
        _RUNS_AGAIN,
        task_reject_on_worker_lost=None,
        task_retry_on_worker_lost=False,
    ),
    *without_effect("Tracebacks are stored as text.", task_remote_tracebacks=False),
    *without_effect(
        "Messages carry no texts of arguments beside the arguments.", task_repr_maxlevels=3
    ),
    honoured(
        "task_routes",
        None,
        ANY,
        "Which queue a task goes to: a dictionary (patterns allowed), functions, router objects.",
    ),
    honoured(
        "task_send_sent_event", False, BOOLEAN, "Whether the event task-sent is sent for each call."
    ),
    honoured("task_serializer", "json", TEXT, "The serializer of arguments."),
    honoured(
        "task_soft_time_limit",
        None,
        SECONDS,
        "When SoftTimeLimitExceeded is raised in a task that has no soft limit of its own.",
    ),
    honoured(
        "task_time_limit", None, SECONDS, "When a task is ended that has no time limit of its own."
    ),
    honoured(
        "task_store_errors_even_if_ignored",
        False,
        BOOLEAN,
        "Whether failures are stored although results are ignored.",
    ),
    honoured("task_track_started", False, BOOLEAN, "Whether the state STARTED is stored."),
    honoured(
        "task_allow_error_cb_on_chord_header",
        False,
        BOOLEAN,
        "Whether errbacks of a chord are called for the tasks of its header that fail, too.",
    ),
)
