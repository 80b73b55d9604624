"""Settings of the scheduler of periodic jobs."""

from __future__ import annotations

from taskhub.config.setting import (
    ANY,
    BOOLEAN,
    FLOAT,
    INTEGER,
    MAPPING,
    SECONDS,
    TEXT,
    Setting,
    honoured,
    without_effect,
)

__all__ = ("SETTINGS",)

_NO_CONTROL = "Not in effect yet: remote control is not offered."

SETTINGS: tuple[Setting, ...] = (
    without_effect(
        "beat_enable_remote_control",
        False,
        BOOLEAN,
        _NO_CONTROL,
        old="CELERYBEAT_ENABLE_REMOTE_CONTROL",
    ),
    without_effect(
        "beat_remote_control_max_tick_age",
        None,
        FLOAT,
        _NO_CONTROL,
        old="CELERYBEAT_REMOTE_CONTROL_MAX_TICK_AGE",
    ),
    without_effect(
        "beat_max_loop_interval",
        0,
        FLOAT,
        "The scheduler sleeps until the next job is due or the schedule changes.",
        old="CELERYBEAT_MAX_LOOP_INTERVAL",
    ),
    honoured(
        "beat_schedule",
        {},
        MAPPING,
        "Periodic jobs by name: task, schedule, args, kwargs, options, and what "
        "docs/scheduling.md adds.",
        old="CELERYBEAT_SCHEDULE",
    ),
    honoured(
        "beat_scheduler",
        "celery.beat:PersistentScheduler",
        ANY,
        "A scheduler of one's own, as module:class; by default, and by Celery's names, "
        "taskhub's, of which any number "
        "may run.",
        old="CELERYBEAT_SCHEDULER",
    ),
    without_effect(
        "beat_schedule_filename",
        "celerybeat-schedule",
        TEXT,
        "The last runs of the jobs are kept in the store, not in a file.",
        old="CELERYBEAT_SCHEDULE_FILENAME",
    ),
    without_effect(
        "beat_sync_every",
        0,
        INTEGER,
        "The last runs of the jobs are kept in the store as they happen.",
        old="CELERYBEAT_SYNC_EVERY",
    ),
    honoured(
        "beat_cron_starting_deadline",
        None,
        SECONDS,
        "How late a job by crontab may still be run, unless its entry has a missed_limit; None: "
        "however late.",
        old="CELERYBEAT_CRON_STARTING_DEADLINE",
    ),
)
