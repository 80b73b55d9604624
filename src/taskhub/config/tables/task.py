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
        old="CELERY_ACKS_LATE",
    ),
    without_effect(
        "task_acks_on_failure_or_timeout",
        True,
        BOOLEAN,
        _ONE_STEP,
        old="CELERY_ACKS_ON_FAILURE_OR_TIMEOUT",
    ),
    without_effect("task_acks_on_failure", None, BOOLEAN, _ONE_STEP, old="CELERY_ACKS_ON_FAILURE"),
    without_effect("task_acks_on_timeout", None, BOOLEAN, _ONE_STEP, old="CELERY_ACKS_ON_TIMEOUT"),
    honoured(
        "task_always_eager",
        False,
        BOOLEAN,
        "Whether calls run the task in the caller, at once.",
        old="CELERY_ALWAYS_EAGER",
    ),
    honoured(
        "task_annotations",
        None,
        ANY,
        'Attributes that tasks get when they are bound: by name, or for all of them as "*".',
        old="CELERY_ANNOTATIONS",
    ),
    without_effect(
        "task_compression",
        None,
        TEXT,
        "Not in effect yet: messages are not compressed.",
        old="CELERY_MESSAGE_COMPRESSION",
    ),
    honoured(
        "task_create_missing_queues",
        True,
        BOOLEAN,
        "Whether queues that task_queues lacks may be used.",
        old="CELERY_CREATE_MISSING_QUEUES",
    ),
    without_effect(
        "task_create_missing_queue_type",
        "classic",
        TEXT,
        _NO_AMQP,
        old="CELERY_CREATE_MISSING_QUEUE_TYPE",
    ),
    without_effect(
        "task_create_missing_queue_exchange_type",
        None,
        TEXT,
        _NO_AMQP,
        old="CELERY_CREATE_MISSING_QUEUE_EXCHANGE_TYPE",
    ),
    honoured(
        "task_inherit_parent_priority",
        False,
        BOOLEAN,
        "Whether a task called by a task has its priority, unless it has one of its own.",
        old="CELERY_INHERIT_PARENT_PRIORITY",
    ),
    without_effect(
        "task_default_delivery_mode", 2, ANY, _NO_AMQP, old="CELERY_DEFAULT_DELIVERY_MODE"
    ),
    honoured(
        "task_default_queue",
        "celery",
        NAME,
        "The queue of tasks that nothing else routes.",
        old="CELERY_DEFAULT_QUEUE",
    ),
    without_effect(
        "task_default_queue_type", "classic", TEXT, _NO_AMQP, old="CELERY_DEFAULT_QUEUE_TYPE"
    ),
    without_effect("task_default_exchange", None, ANY, _NO_AMQP, old="CELERY_DEFAULT_EXCHANGE"),
    without_effect(
        "task_default_exchange_type", "direct", TEXT, _NO_AMQP, old="CELERY_DEFAULT_EXCHANGE_TYPE"
    ),
    without_effect(
        "task_default_routing_key", None, TEXT, _NO_AMQP, old="CELERY_DEFAULT_ROUTING_KEY"
    ),
    honoured(
        "task_default_rate_limit",
        None,
        ANY,
        'How many of a task may begin, e.g. "100/m", over all workers; for tasks without a '
        "rate_limit of their own.",
        old="CELERY_DEFAULT_RATE_LIMIT",
    ),
    honoured(
        "task_default_priority",
        None,
        INTEGER,
        "From 0 to 9, 9 first. None: not set, which counts as 5.",
        old="CELERY_DEFAULT_PRIORITY",
    ),
    honoured(
        "task_eager_propagates",
        False,
        BOOLEAN,
        "Whether a task that runs eagerly raises its exception to the caller.",
        old="CELERY_EAGER_PROPAGATES_EXCEPTIONS",
    ),
    honoured(
        "task_ignore_result",
        False,
        BOOLEAN,
        "Whether results are not stored.",
        old="CELERY_IGNORE_RESULT",
    ),
    honoured(
        "task_store_eager_result",
        False,
        BOOLEAN,
        "Whether results of tasks that run eagerly are stored.",
        old="CELERY_STORE_EAGER_RESULT",
    ),
    without_effect(
        "task_protocol", 2, INTEGER, "Messages are Dramatiq's.", old="CELERY_TASK_PROTOCOL"
    ),
    honoured(
        "task_publish_retry",
        True,
        BOOLEAN,
        "Whether sending is tried again when the store can't be reached.",
        old="CELERY_TASK_PUBLISH_RETRY",
    ),
    honoured(
        "task_publish_retry_policy",
        _RETRY_POLICY,
        MAPPING,
        "max_retries, and interval_start, interval_step, interval_max in seconds.",
        old="CELERY_TASK_PUBLISH_RETRY_POLICY",
    ),
    honoured(
        "task_queues",
        None,
        ANY,
        "The queues that exist: names, or kombu's Queue objects.",
        old="CELERY_QUEUES",
    ),
    without_effect(
        "task_queue_max_priority",
        None,
        INTEGER,
        "Priorities are from 0 to 9 on every queue.",
        old="CELERY_QUEUE_MAX_PRIORITY",
    ),
    without_effect(
        "task_reject_on_worker_lost", None, BOOLEAN, _RUNS_AGAIN, old="CELERY_REJECT_ON_WORKER_LOST"
    ),
    without_effect(
        "task_retry_on_worker_lost", False, BOOLEAN, _RUNS_AGAIN, old="CELERY_RETRY_ON_WORKER_LOST"
    ),
    without_effect(
        "task_remote_tracebacks",
        False,
        BOOLEAN,
        "Tracebacks are stored as text.",
        old="CELERY_REMOTE_TRACEBACKS",
    ),
    without_effect(
        "task_repr_maxlevels",
        3,
        INTEGER,
        "Messages carry no texts of arguments beside the arguments.",
        old="CELERY_REPR_MAXLEVELS",
    ),
    honoured(
        "task_routes",
        None,
        ANY,
        "Which queue a task goes to: a dictionary (patterns allowed), functions, router objects.",
        old="CELERY_ROUTES",
    ),
    honoured(
        "task_send_sent_event",
        False,
        BOOLEAN,
        "Whether the event task-sent is sent for each call.",
        old="CELERY_SEND_TASK_SENT_EVENT",
    ),
    honoured(
        "task_serializer",
        "json",
        TEXT,
        "The serializer of arguments.",
        old="CELERY_TASK_SERIALIZER",
    ),
    honoured(
        "task_soft_time_limit",
        None,
        SECONDS,
        "When SoftTimeLimitExceeded is raised in a task that has no soft limit of its own.",
        old="CELERYD_TASK_SOFT_TIME_LIMIT",
    ),
    honoured(
        "task_time_limit",
        None,
        SECONDS,
        "When a task is ended that has no time limit of its own.",
        old="CELERYD_TASK_TIME_LIMIT",
    ),
    honoured(
        "task_store_errors_even_if_ignored",
        False,
        BOOLEAN,
        "Whether failures are stored although results are ignored.",
        old="CELERY_STORE_ERRORS_EVEN_IF_IGNORED",
    ),
    honoured(
        "task_track_started",
        False,
        BOOLEAN,
        "Whether the state STARTED is stored.",
        old="CELERY_TRACK_STARTED",
    ),
    honoured(
        "task_allow_error_cb_on_chord_header",
        False,
        BOOLEAN,
        "Whether errbacks of a chord are called for the tasks of its header that fail, too.",
        old="CELERY_ALLOW_ERROR_CB_ON_CHORD_HEADER",
    ),
)
