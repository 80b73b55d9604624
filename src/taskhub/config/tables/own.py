"""Settings that Celery does not have."""

from __future__ import annotations

from datetime import timedelta

from taskhub.config.setting import FLOAT, INTEGER, MAPPING, SECONDS, TEXT, Setting, honoured

__all__ = ("SETTINGS",)

SETTINGS: tuple[Setting, ...] = (
    honoured(
        "taskhub_namespace",
        "taskhub",
        TEXT,
        "What the keys in the store begin with; applications that share a store need one each.",
    ),
    honoured(
        "taskhub_project_directory",
        None,
        TEXT,
        "The directory whose .taskhub/ holds the development store; None: the project's own.",
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
        "How many bytes a message may have; a larger one is a dead letter and a failure. 0: there is no limit.",
    ),
    honoured(
        "dead_letter_expires",
        timedelta(days=30),
        SECONDS,
        "How long dead letters are kept.",
    ),
    honoured(
        "statistics_expires",
        timedelta(days=3),
        SECONDS,
        "How long counts of what became of tasks, and what they failed with, are kept, by the minute; 0: not at all.",
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
        "lease_seconds",
        10,
        SECONDS,
        "How long a worker that is not heard of counts as alive.",
    ),
    honoured(
        "worker_stuck_after",
        30,
        FLOAT,
        "How long a thread or process that shows no sign of life is waited for before it is replaced, seconds.",
    ),
    honoured(
        "worker_shutdown_timeout",
        600,
        SECONDS,
        "How long running tasks may take when a worker is asked to stop; the rest is given back.",
    ),
    honoured(
        "application_schedule",
        {},
        MAPPING,
        "Changes to the periodic jobs that the application brings: name -> fields; None leaves one out.",
    ),
    honoured(
        "scheduler_lease",
        6,
        SECONDS,
        "How long a scheduler that is not heard of still leads; another takes over then.",
    ),
    honoured(
        "scheduler_grace",
        30,
        SECONDS,
        "How late a periodic job may be that does not count as missed: every tick is run.",
    ),
)
