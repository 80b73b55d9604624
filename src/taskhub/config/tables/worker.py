"""Settings of workers."""

from __future__ import annotations

from taskhub.config.setting import (
    ANY,
    BOOLEAN,
    FLOAT,
    INTEGER,
    SECONDS,
    TEXT,
    Setting,
    honoured,
    without_effect,
)

__all__ = ("LOG_FORMAT", "SETTINGS", "TASK_LOG_FORMAT")

_DRAMATIQ = "Workers are Dramatiq's; they have no parts to exchange."
_POOL = "A worker is processes with threads in them, whatever the pool is called."
LOG_FORMAT = "[%(asctime)s: %(levelname)s/%(processName)s] %(message)s"
TASK_LOG_FORMAT = (
    "[%(asctime)s: %(levelname)s/%(processName)s] %(task_name)s[%(task_id)s]: %(message)s"
)

SETTINGS: tuple[Setting, ...] = (
    without_effect("worker_agent", None, ANY, _DRAMATIQ, old="CELERYD_AGENT"),
    without_effect(
        "worker_autoscaler",
        "celery.worker.autoscale:Autoscaler",
        ANY,
        _DRAMATIQ,
        old="CELERYD_AUTOSCALER",
    ),
    without_effect(
        "worker_cancel_long_running_tasks_on_connection_loss",
        False,
        BOOLEAN,
        "A task survives a lost connection; its end is committed if the claim still stands.",
        old="CELERYD_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS",
    ),
    honoured(
        "worker_soft_shutdown_timeout",
        0.0,
        SECONDS,
        "How long running tasks may take after SIGQUIT; 0: they are requeued at once.",
        old="CELERYD_SOFT_SHUTDOWN_TIMEOUT",
    ),
    without_effect(
        "worker_enable_soft_shutdown_on_idle",
        False,
        BOOLEAN,
        "What waits is in the store; an idle worker has nothing to lose.",
        old="CELERYD_ENABLE_SOFT_SHUTDOWN_ON_IDLE",
    ),
    honoured(
        "worker_concurrency",
        None,
        ANY,
        'Tasks that a worker runs at a time; None: as many as processors; "auto": a quota on '
        "these counts, too.",
        old="CELERYD_CONCURRENCY",
    ),
    without_effect(
        "worker_consumer", "celery.worker.consumer:Consumer", ANY, _DRAMATIQ, old="CELERYD_CONSUMER"
    ),
    without_effect(
        "worker_direct",
        False,
        BOOLEAN,
        "Not in effect yet: workers have no queues of their own.",
        old="CELERY_WORKER_DIRECT",
    ),
    honoured(
        "worker_disable_rate_limits",
        False,
        BOOLEAN,
        "Whether a worker begins tasks without regard to their rate limits.",
        old="CELERY_DISABLE_RATE_LIMITS",
    ),
    without_effect(
        "worker_deduplicate_successful_tasks",
        False,
        BOOLEAN,
        "The end of a task is committed once, however often it is delivered.",
        old="CELERYD_DEDUPLICATE_SUCCESSFUL_TASKS",
    ),
    honoured(
        "worker_enable_remote_control",
        True,
        BOOLEAN,
        "Whether a worker executes the commands of app.control.",
        old="CELERY_ENABLE_REMOTE_CONTROL",
    ),
    honoured(
        "worker_hijack_root_logger",
        True,
        BOOLEAN,
        "Whether a worker replaces the handlers of the root logger.",
        old="CELERYD_HIJACK_ROOT_LOGGER",
    ),
    honoured(
        "worker_log_color",
        None,
        BOOLEAN,
        "Whether log lines have colours; None: on a terminal.",
        old="CELERYD_LOG_COLOR",
    ),
    honoured(
        "worker_log_datefmt",
        None,
        TEXT,
        "The format of times in log lines.",
        old="CELERYD_LOG_DATEFMT",
    ),
    honoured(
        "worker_log_format",
        LOG_FORMAT,
        TEXT,
        'The format of log lines; "json": each is an object of JSON.',
        old="CELERYD_LOG_FORMAT",
    ),
    without_effect(
        "worker_lost_wait",
        10.0,
        FLOAT,
        "A lost worker's claims are reclaimed at once, see lease_seconds.",
        old="CELERYD_WORKER_LOST_WAIT",
    ),
    honoured(
        "worker_max_memory_per_child",
        None,
        INTEGER,
        "KiB of resident memory above which a worker process is replaced.",
        old="CELERYD_MAX_MEMORY_PER_CHILD",
    ),
    honoured(
        "worker_max_tasks_per_child",
        None,
        INTEGER,
        "After so many tasks a worker process is replaced.",
        old="CELERYD_MAX_TASKS_PER_CHILD",
    ),
    honoured(
        "worker_pool",
        "prefork",
        ANY,
        "prefork: each task in a process of its own; threads, gevent, eventlet: in threads of "
        "one; solo: one.",
        old="CELERYD_POOL",
    ),
    without_effect("worker_pool_putlocks", True, BOOLEAN, _POOL, old="CELERYD_POOL_PUTLOCKS"),
    honoured(
        "worker_pool_restarts",
        False,
        BOOLEAN,
        "Whether the command pool_restart is executed: it replaces every process of a worker.",
        old="CELERYD_POOL_RESTARTS",
    ),
    without_effect(
        "worker_pool_start_method", "fork", TEXT, _POOL, old="CELERYD_POOL_START_METHOD"
    ),
    without_effect(
        "worker_proc_alive_timeout",
        4.0,
        FLOAT,
        "Workers hold leases, see lease_seconds.",
        old="CELERYD_PROC_ALIVE_TIMEOUT",
    ),
    honoured(
        "worker_prefetch_multiplier",
        4,
        INTEGER,
        "If set: the most messages a process holds for each thread, 0 for no bound; otherwise "
        "about 50 ms of work.",
        old="CELERYD_PREFETCH_MULTIPLIER",
    ),
    without_effect(
        "worker_eta_task_limit",
        None,
        INTEGER,
        "Tasks for later wait in the store, not in workers.",
        old="CELERYD_ETA_TASK_LIMIT",
    ),
    without_effect(
        "worker_enable_prefetch_count_reduction",
        True,
        BOOLEAN,
        "Workers claim what they can soon begin.",
        old="CELERYD_ENABLE_PREFETCH_COUNT_REDUCTION",
    ),
    honoured(
        "worker_disable_prefetch",
        False,
        BOOLEAN,
        "Whether a worker claims nothing while no thread is free.",
        old="CELERYD_DISABLE_PREFETCH",
    ),
    honoured(
        "worker_redirect_stdouts",
        True,
        BOOLEAN,
        "Whether what tasks print becomes log lines.",
        old="CELERY_REDIRECT_STDOUTS",
    ),
    honoured(
        "worker_redirect_stdouts_level",
        "WARNING",
        ANY,
        "The level of these lines.",
        old="CELERY_REDIRECT_STDOUTS_LEVEL",
    ),
    honoured(
        "worker_send_task_events",
        False,
        BOOLEAN,
        "Whether workers send events about their tasks and themselves, as with -E.",
        old="CELERY_SEND_EVENTS",
    ),
    without_effect(
        "worker_state_db", None, ANY, "Revocations are kept in the store.", old="CELERYD_STATE_DB"
    ),
    honoured(
        "worker_task_log_datefmt",
        None,
        TEXT,
        "The format of times in the log lines of tasks.",
        old="CELERYD_TASK_LOG_DATEFMT",
    ),
    honoured(
        "worker_task_log_format",
        TASK_LOG_FORMAT,
        TEXT,
        "The format of the log lines of tasks; may use task_name and task_id.",
        old="CELERYD_TASK_LOG_FORMAT",
    ),
    without_effect("worker_timer", None, ANY, _DRAMATIQ, old="CELERYD_TIMER"),
    without_effect(
        "worker_timer_precision",
        1.0,
        FLOAT,
        "The store keeps the time; there is no timer.",
        old="CELERYD_TIMER_PRECISION",
    ),
    without_effect(
        "worker_detect_quorum_queues",
        True,
        BOOLEAN,
        "There is no AMQP here: a queue is a name in the store.",
        old="CELERYD_DETECT_QUORUM_QUEUES",
    ),
)
