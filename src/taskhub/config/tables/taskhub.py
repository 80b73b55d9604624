"""Settings that Celery does not have."""

from __future__ import annotations

from datetime import timedelta

from taskhub.config.setting import (
    FLOAT,
    INTEGER,
    MAPPING,
    NAME,
    NAMES,
    SECONDS,
    TEXT,
    TRANSACTION,
    Setting,
    honoured,
)

__all__ = ("SETTINGS",)

#: Names of arguments that are secret wherever they stand.
REDACTED = ("password", "passwd", "secret", "token", "authorization", "api_key", "card*")

SETTINGS: tuple[Setting, ...] = (
    honoured(
        "taskhub_namespace",
        "taskhub",
        NAME,
        "What the keys in the store begin with; applications that share a store need one each.",
    ),
    honoured(
        "taskhub_project_directory",
        None,
        TEXT,
        "The directory whose .taskhub/ holds the development store; None: the project's own.",
    ),
    honoured(
        "task_enqueue_on_commit",
        False,
        TRANSACTION,
        "Whether calls inside a transaction of Django's are sent when it is committed; or the "
        "alias of the database whose transaction it is.",
    ),
    honoured(
        "task_enqueue_in_transaction",
        False,
        TRANSACTION,
        "Whether calls inside `transaction.atomic()` of Django's are written by that transaction; "
        "or the alias of the database whose transaction it is.",
    ),
    honoured(
        "outbox_url",
        None,
        NAMES,
        "The database whose outbox a relay empties, or several: URLs of SQLAlchemy's, or "
        "`django://` with an alias; None: schedulers relay nothing.",
    ),
    honoured(
        "outbox_table",
        "taskhub_outbox",
        TEXT,
        "The table in which calls in a caller's own transaction wait for a relay.",
    ),
    honoured(
        "outbox_interval",
        0.25,
        SECONDS,
        "How often a relay looks for calls while the outbox is empty.",
    ),
    honoured(
        "task_max_deliveries",
        5,
        INTEGER,
        "How often a task may be lost with its worker before it is a dead letter and a failure.",
    ),
    honoured(
        "task_max_message_size",
        32 * 1024 * 1024,
        INTEGER,
        "How many bytes a message may have; a larger one is a dead letter and a failure. 0: "
        "there is no limit.",
    ),
    honoured(
        "result_max_size",
        64 * 1024 * 1024,
        INTEGER,
        "How many bytes a stored result, exception or state may have; a larger one fails its "
        "task. 0: no limit.",
    ),
    honoured(
        "task_unknown_grace",
        10,
        SECONDS,
        "How long a message whose task no live worker knows waits for one that does, before it "
        "is a failure.",
    ),
    honoured("dead_letter_expires", timedelta(days=30), SECONDS, "How long dead letters are kept."),
    honoured(
        "statistics_expires",
        timedelta(days=3),
        SECONDS,
        "How long counts of what became of tasks, and what they failed with, are kept, by the "
        "minute; 0: not at all.",
    ),
    honoured(
        "history_limit",
        100_000,
        INTEGER,
        "How many tasks that have ended the history keeps, the last ones; 0: none.",
    ),
    honoured(
        "history_expires",
        timedelta(days=7),
        SECONDS,
        "How long the history keeps a task that has ended; 0: not at all.",
    ),
    honoured(
        "failed_limit",
        10_000,
        INTEGER,
        "How many messages of failed tasks are kept for a retry, as long as dead letters; 0: none.",
    ),
    honoured(
        "failed_max_bytes",
        256 * 1024 * 1024,
        INTEGER,
        "How many bytes these messages may have together; the oldest are forgotten first. 0: there "
        "is no limit.",
    ),
    honoured(
        "task_redact",
        REDACTED,
        NAMES,
        "Patterns of the names of arguments whose values the history and the dashboard hide.",
    ),
    honoured(
        "event_stream_length",
        10_000,
        INTEGER,
        "About how many events the store keeps for those who watch.",
    ),
    honoured(
        "revocation_expires",
        timedelta(days=1),
        SECONDS,
        "How long it is remembered that a task is revoked that has not come yet.",
    ),
    honoured(
        "lease_seconds", 10, SECONDS, "How long a worker that is not heard of counts as alive."
    ),
    honoured(
        "worker_stuck_after",
        30,
        FLOAT,
        "How long a thread or process that shows no sign of life is waited for before it is "
        "replaced, seconds.",
    ),
    honoured(
        "worker_shutdown_timeout",
        600,
        SECONDS,
        "How long running tasks may take when a worker is asked to stop; the rest is requeued.",
    ),
    honoured(
        "application_schedule",
        {},
        MAPPING,
        "Changes to the periodic jobs that the application brings: name -> fields; None leaves "
        "one out.",
    ),
    honoured(
        "scheduler_lease",
        6,
        SECONDS,
        "How long a scheduler or relay that is not heard of still leads; another takes over then.",
    ),
    honoured(
        "scheduler_grace",
        30,
        SECONDS,
        "How late a periodic job may run without counting as missed: every fire time is sent.",
    ),
)
