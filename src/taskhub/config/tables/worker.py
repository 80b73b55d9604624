"""Settings of workers."""

from __future__ import annotations

from taskhub.config.setting import (
    ANY,
    BOOLEAN,
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
    *without_effect(
        _DRAMATIQ,
        worker_agent=None,
        worker_autoscaler="celery.worker.autoscale:Autoscaler",
        worker_consumer="celery.worker.consumer:Consumer",
        worker_timer=None,
    ),
    *without_effect(
        "A task survives a lost connection; its end is committed if the claim still stands.",
        worker_cancel_long_running_tasks_on_connection_loss=False,
    ),
    honoured(
        "worker_soft_shutdown_timeout",
        0.0,
        SECONDS,
        "How long running tasks may take after SIGQUIT; 0: they are requeued at once.",
    ),
    *without_effect(
        "What waits is in the store; an idle worker has nothing to lose.",
        worker_enable_soft_shutdown_on_idle=False,
    ),
    honoured(
        "worker_concurrency",
        None,
        ANY,
        'Tasks that a worker runs at a time; None: as many as processors; "auto": a quota on '
        "these counts, too.",
    ),
    *without_effect("Not in effect yet: workers have no queues of their own.", worker_direct=False),
    honoured(
        "worker_disable_rate_limits",
        False,
        BOOLEAN,
        "Whether a worker begins tasks without regard to their rate limits.",
    ),
    *without_effect(
        "The end of a task is committed once, however often it is delivered.",
        worker_deduplicate_successful_tasks=False,
    ),
    honoured(
        "worker_enable_remote_control",
        True,
        BOOLEAN,
        "Whether a worker executes the commands of app.control.",
    ),
    honoured(
        "worker_hijack_root_logger",
        True,
        BOOLEAN,
        "Whether a worker replaces the handlers of the root logger.",
    ),
    honoured(
        "worker_log_color", None, BOOLEAN, "Whether log lines have colours; None: on a terminal."
    ),
    honoured("worker_log_datefmt", None, TEXT, "The format of times in log lines."),
    honoured(
        "worker_log_format",
        LOG_FORMAT,
        TEXT,
        'The format of log lines; "json": each is an object of JSON.',
    ),
    *without_effect(
        "A lost worker's claims are reclaimed at once, see lease_seconds.", worker_lost_wait=10.0
    ),
    honoured(
        "worker_max_memory_per_child",
        None,
        INTEGER,
        "KiB of resident memory above which a worker process is replaced.",
    ),
    honoured(
        "worker_max_tasks_per_child",
        None,
        INTEGER,
        "After so many tasks a worker process is replaced.",
    ),
    honoured(
        "worker_pool",
        "prefork",
        ANY,
        "prefork: each task in a process of its own; threads, gevent, eventlet: in threads of "
        "one; solo: one.",
    ),
    *without_effect(
        _POOL,
        worker_pool_putlocks=True,
        worker_pool_start_method="fork",
    ),
    honoured(
        "worker_pool_restarts",
        False,
        BOOLEAN,
        "Whether the command pool_restart is executed: it replaces every process of a worker.",
    ),
    *without_effect("Workers hold leases, see lease_seconds.", worker_proc_alive_timeout=4.0),
    honoured(
        "worker_prefetch_multiplier",
        4,
        INTEGER,
        "If set: the most messages a process holds for each thread, 0 for no bound; otherwise "
        "about 50 ms of work.",
    ),
    *without_effect(
        "Tasks for later wait in the store, not in workers.", worker_eta_task_limit=None
    ),
    *without_effect(
        "Workers claim what they can soon begin.", worker_enable_prefetch_count_reduction=True
    ),
    honoured(
        "worker_disable_prefetch",
        False,
        BOOLEAN,
        "Whether a worker claims nothing while no thread is free.",
    ),
    honoured(
        "worker_redirect_stdouts", True, BOOLEAN, "Whether what tasks print becomes log lines."
    ),
    honoured("worker_redirect_stdouts_level", "WARNING", ANY, "The level of these lines."),
    honoured(
        "worker_send_task_events",
        False,
        BOOLEAN,
        "Whether workers send events about their tasks and themselves, as with -E.",
    ),
    *without_effect("Revocations are kept in the store.", worker_state_db=None),
    honoured(
        "worker_task_log_datefmt", None, TEXT, "The format of times in the log lines of tasks."
    ),
    honoured(
        "worker_task_log_format",
        TASK_LOG_FORMAT,
        TEXT,
        "The format of the log lines of tasks; may use task_name and task_id.",
    ),
    *without_effect("The store keeps the time; there is no timer.", worker_timer_precision=1.0),
    *without_effect(
        "There is no AMQP here: a queue is a name in the store.", worker_detect_quorum_queues=True
    ),
)
